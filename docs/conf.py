"""How Sphinx makes the site of ``make docs``: of the pages that ``tests.harness.site`` lays out, and of docstrings."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parents[1]))

from airflow_provider_frameio import __version__
from tests.harness.site import PACKAGE, PUBLIC


class _Airflow(ModuleType):
    """Airflow is not installed here: of its classes the reference shows the names only."""

    def __getattr__(self, name: str) -> type:
        return type(name, (), {"__module__": "airflow", "getboolean": lambda *option, fallback: fallback})


sys.modules[f"{PACKAGE}._compat"] = _Airflow("_compat")
for module in PUBLIC:
    import_module(f"{PACKAGE}.{module}")

project = "airflow-provider-frameio"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 4  # as on GitHub
smartquotes_action = "D"  # dashes; quotes stay as they are written

autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
add_module_names = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 80

html_theme = "furo"
html_title = project
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
