"""The package's layers as data, and what in its sources breaks them. Reads the sources, imports none of them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "airflow_provider_frameio"
MAX_LINES = 400

# Layer: what it may import of this package besides itself ("" is the package's own __init__), and of other packages
# besides the standard library. A module belongs to the longest layer that begins its name.
LAYERS: Mapping[str, tuple[set[str], set[str]]] = {
    "": (set(), set()),
    "api": (set(), set()),
    "client": ({"client.clock", "client.credentials", "client.transport", "api"}, {"tenacity"}),
    "client.clock": (set(), set()),
    "client.credentials": ({"client.clock", "api"}, set()),
    "client.exchange": (set(), {"requests", "urllib3"}),
    "client.transport": ({"", "client.credentials", "client.exchange", "api"}, {"requests", "urllib3"}),
    "copying": ({"api"}, set()),
    "folder_events": ({"api"}, set()),
    "_compat": (set(), {"airflow"}),
    "connection_form": ({"api"}, {"flask_appbuilder", "wtforms"}),
    "assets": ({"_compat", "api"}, set()),
    "lineage": ({"_compat", "assets", "api"}, {"openlineage"}),
    "provider_info": ({"", "connection_form"}, set()),
    "hooks": (
        {"_compat", "connection_form", "hooks.airflow_database", "client", "client.clock", "client.transport", "api"},
        {"tenacity"},
    ),
    "hooks.airflow_database": ({"_compat", "api"}, {"airflow", "sqlalchemy"}),
    "authorize": ({"hooks", "hooks.airflow_database", "client.transport", "client.clock", "api"}, set()),
    "probe": (
        {"", "hooks", "hooks.airflow_database", "client", "client.clock", "client.credentials", "emulator", "api"},
        set(),
    ),
    "links": ({"_compat"}, set()),
    "triggers": ({"_compat", "hooks", "client", "client.clock", "copying", "folder_events", "api"}, {"asgiref"}),
    "tasks": ({"_compat", "assets", "triggers", "hooks", "client.clock", "copying", "api"}, set()),
    "operators": (
        {"_compat", "assets", "lineage", "links", "tasks", "triggers", "hooks", "client.clock", "copying", "api"},
        set(),
    ),
    "sensors": ({"_compat", "links", "tasks", "triggers", "hooks", "client.clock", "copying", "api"}, set()),
    "emulator": (set(), set()),
    "emulator.pytest_plugin": ({"emulator"}, {"pytest"}),
}

# Rooms without a clock, chance or I/O.
PURE = ("api", "copying", "folder_events")
# In these rooms a module imports from its own row and those below; one that is not listed only must not make a cycle.
ROWS: Mapping[str, tuple[set[str], ...]] = {
    "api": (
        {"aliases", "filters", "metadata"},
        {"auth.user_token"},
        {"endpoints"},
        {"rate_limit.leaky_bucket", "rate_limit.retry", "rate_limit.slot_queue"},
        {"auth.ims", "auth.settings", "models", "pages"},
        {"parameters"},
        {"rate_limit.fair_share", "rate_limit.window_detector"},
        {"protocol"},
        {"replies"},
        {"errors"},
        {"foreign", "shapes"},
    ),
    "copying": (
        {"mirror.compare"},
        {"mirror.counterparts"},
        {"mirror.folders", "mirror.plan", "restack.copy_files", "restack.stack", "restack.undo"},
        {"completion.poll_scheduler", "completion.tracked_copy"},
        {"restack.plan"},
        {"completion.wait", "exactly_once", "rows"},
        {"adobe_storage", "candidates", "completion.judge", "versions"},
        {"look_up", "recent_assets", "restack.record"},
        {"record"},
    ),
}
# Everybody else is given the time. Coroutines sleep with asyncio, on the clock of whoever makes the loop.
CLOCKS = {"client.clock", "emulator.clock"}
IMPURE_MODULES = {"asyncio", "http.client", "os", "random", "secrets", "socket", "threading", "time", "urllib.request"}
IMPURE_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4", "open"}

# Imported while a DAG file is parsed, where every import is paid for by the scheduler again and again.
PARSED = ("operators", "sensors", "triggers.version_stacks", "links", "hooks.frameio", "provider_info")
SLOW = {"requests", "tenacity", "urllib3"}


@dataclass(frozen=True)
class Import:
    """``importer`` imports ``target``: a name within the package if ``inside``, else of another package.

    ``eager`` ones happen when the importer is imported; the others in a function, or only for the type checker.
    """

    importer: str
    target: str
    line: int
    inside: bool
    eager: bool


def rooms() -> Mapping[str, tuple[set[str], set[str]]]:
    """The rules by room: those for one module are its room's too."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for layer, (inside, others) in LAYERS.items():
        room = layer.split(".")[0]
        below, libraries = found.setdefault(room, (set(), set()))
        below.update({other.split(".")[0] for other in inside} - {room})
        libraries.update(others)
    return found


def modules_of(package: Path) -> dict[str, ast.Module]:
    """The package's modules by their names within it."""
    paths = {path: path.relative_to(package).with_suffix("").parts for path in sorted(package.rglob("*.py"))}
    named = {path: ".".join(part for part in parts if part != "__init__") for path, parts in paths.items()}
    return {name: ast.parse(path.read_text()) for path, name in named.items()}


def _statements(node: ast.AST, eager: bool = True) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, eager
        elif isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            yield from _statements(ast.Module(child.body, []), eager=False)
            yield from _statements(ast.Module(child.orelse, []), eager)
        else:
            yield from _statements(child, eager and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def _imports(package: Path) -> list[Import]:
    modules = modules_of(package)
    found = []
    for importer, tree in modules.items():
        is_package = (package / importer.replace(".", "/") / "__init__.py").exists()
        for statement, eager in _statements(tree):
            for name in _targets(statement, f"{NAME}.{importer}".strip("."), is_package, modules):
                inside = name.split(".")[0] == NAME
                target = name.removeprefix(NAME).lstrip(".") if inside else name
                found.append(Import(importer, target, statement.lineno, inside, eager))
    return found


def _targets(
    statement: ast.Import | ast.ImportFrom, importer: str, is_package: bool, modules: Mapping[str, ast.Module]
) -> list[str]:
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    base = statement.module or ""
    if statement.level:
        parts = importer.split(".")
        parents = parts[: len(parts) - statement.level + is_package]
        base = ".".join([*parents, *filter(None, [base])])
    names = [f"{base}.{alias.name}" for alias in statement.names]
    return [name if name.removeprefix(f"{NAME}.") in modules or not base.startswith(NAME) else base for name in names]


def _layer(module: str) -> str | None:
    parts = module.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in LAYERS), None)


def _crossings(imports: list[Import]) -> Iterator[str]:
    for found in imports:
        layer = _layer(found.importer)
        if layer is None:
            yield f"{found.importer}: belongs to no layer; add it to LAYERS"
            continue
        inside, others = LAYERS[layer]
        top = found.target.split(".")[0]
        allowed = _layer(found.target) in {layer, *inside} if found.inside else top in others | sys.stdlib_module_names
        if not allowed:
            may = ", ".join(sorted(inside | others)) or "only itself and the standard library"
            yield f"{found.importer}:{found.line}: imports {found.target or NAME}; {layer!r} may import: {may}"


def _order_in_rooms(imports: list[Import]) -> Iterator[str]:
    for room, rows in ROWS.items():
        for found in imports:
            importer, target = (_row(room, rows, module) for module in (found.importer, found.target))
            if found.inside and importer is not None and target is not None and importer > target:
                yield f"{found.importer}:{found.line}: imports upwards, from {found.target}; see ROWS"


def _row(room: str, rows: tuple[set[str], ...], module: str) -> int | None:
    names = {name: depth for depth, row in enumerate(rows) for name in row}
    parts = module.split(".")
    if parts[0] != room:
        return None
    return next((names[name] for size in (3, 2, 1) if (name := ".".join(parts[1 : 1 + size])) in names), None)


def _impurities(package: Path, imports: list[Import]) -> Iterator[str]:
    for found in imports:
        impure = any(f"{found.target}.".startswith(f"{module}.") for module in IMPURE_MODULES)
        if impure and found.importer.split(".")[0] in PURE:
            yield f"{found.importer}:{found.line}: imports {found.target}; it is pure: no clock, chance or I/O"
    for module, tree in modules_of(package).items():
        for node in ast.walk(tree):
            if module.split(".")[0] in PURE and isinstance(node, ast.Call):
                call = ".".join(ast.unparse(node.func).split(".")[-2:])
                if call in IMPURE_CALLS:
                    yield f"{module}:{node.lineno}: calls {call}; it is pure: no clock, chance or I/O"


def _clocks(package: Path, imports: list[Import]) -> Iterator[str]:
    rest = f"only {' and '.join(sorted(CLOCKS))} read a clock or sleep"
    for found in imports:
        if found.importer not in CLOCKS and f"{found.target}.".startswith("time."):
            yield f"{found.importer}:{found.line}: imports {found.target}; {rest}"
    for module, tree in modules_of(package).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                name = ast.unparse(node).split(".")[-2:]
                if name[0] in {"datetime", "date", "timezone"} and module not in CLOCKS:
                    yield f"{module}:{node.lineno}: reads {'.'.join(name)}; {rest}"


def _chains(start: str, imports: list[Import]) -> Iterator[tuple[str, ...]]:
    """The shortest way along eager imports to everything that importing a module imports, itself perhaps included."""
    chains: list[tuple[str, ...]] = [(start,)]
    met = set()
    for chain in chains:
        for found in imports:
            if found.importer == chain[-1] and found.eager and found.target not in met:
                met.add(found.target)
                yield (*chain, found.target)
                if found.inside:
                    chains.append((*chain, found.target))


def _cycles(imports: list[Import]) -> Iterator[str]:
    own = [found for found in imports if found.inside]
    for module in sorted({found.importer for found in own}):
        yield from (f"{' -> '.join(chain)}: a cycle" for chain in _chains(module, own) if chain[-1] == module)


def _slow_parsing(imports: list[Import]) -> Iterator[str]:
    for module in sorted({found.importer for found in imports}):
        if any(f"{module}.".startswith(f"{parsed}.") for parsed in PARSED):
            for *chain, target in _chains(module, imports):
                slow = target.split(".")[0]
                if slow in SLOW:
                    yield f"{' -> '.join([*chain, slow])}: slows the parsing of DAG files; import it where it is used"


def _sizes(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*.py")):
        name, text = path.relative_to(package).as_posix(), path.read_text()
        if text.count("\n") > MAX_LINES:
            yield f"{name}: {text.count(chr(10))} lines; at most {MAX_LINES}"
        if path.name == "__init__.py" and any(not line.startswith("__version__ = ") for line in text.splitlines()):
            yield f"{name}: must stay empty, but for the package's own __version__"


def violations(package: Path) -> list[str]:
    """Everything in the package's sources that breaks the rules above, one line each."""
    imports = _imports(package)
    rules = (
        _crossings(imports),
        _order_in_rooms(imports),
        _impurities(package, imports),
        _cycles(imports),
        _clocks(package, imports),
    )
    return sorted({*(line for rule in rules for line in rule), *_slow_parsing(imports), *_sizes(package)})
