"""What a package index shows is README.md: its relative links lead into the repository there, at the version's tag.

The repository's address stands in pyproject.toml, as ``Source`` of ``[project.urls]``; without one the links stay.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"(?P<picture>!?)(?P<text>\[[^\]]*\])\((?P<path>[^)\s:#][^)\s:]*)\)")


def absolute(text: str, address: str, version: str) -> str:
    """Markdown whose links and pictures are found from anywhere.

    :param address: of the repository, such as ``https://github.com/<owner>/<name>``.
    """

    def lead(link: re.Match[str]) -> str:
        kind = "raw" if link["picture"] else "blob"
        return f"{link['picture']}{link['text']}({address.rstrip('/')}/{kind}/v{version}/{link['path']})"

    return _LINK.sub(lead, text)


def get_metadata_hook() -> type:
    """What hatchling asks for, which is there only while a distribution is built."""
    from hatchling.metadata.plugin.interface import MetadataHookInterface

    class Description(MetadataHookInterface):
        """Sets ``readme``."""

        def update(self, metadata: dict[str, Any]) -> None:
            text = Path(self.root, "README.md").read_text()
            if address := metadata.get("urls", {}).get("Source"):
                text = absolute(text, address, metadata["version"])
            metadata["readme"] = {"content-type": "text/markdown", "text": text}

    return Description
