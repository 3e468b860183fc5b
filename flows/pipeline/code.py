"""The code that decides what a function returns: the modules that it imports, found by reading the import statements.

A fingerprint must change with every module that computes, and with no other. So the code of a function consists of

- its own module: the function, and the definitions there that it uses;
- each module of ours that these import, directly or through others, also inside functions: the whole module. Imports for
  the type checker only, and names that occur only in signatures of the own module, compute nothing and are left out;
- the table declarations: of an imported value, what code can see of it, which is names, types, keys and words. A changed
  meaning or bound makes no number stale. With `declared`, whole declarations count, for pages and checks;
- the versions of polars, numpy and scipy.

Comments, docstrings and line numbers do not count.

Reading three hundred modules takes a second. So a run stores the hashes in its data folder, and the next run uses them if
no file of ours changed.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from transforms.tables.schema import Column, Table
from warehouse.writing import PRIVATE, write_whole

OURS = ("flows", "quality", "reports", "transforms", "warehouse")
DECLARATIONS = "transforms.tables"
LIBRARIES = ("polars", "numpy", "scipy")
ROOT = Path(__file__).parents[2]

# CPython 3.11 counts the recursion depth of all threads together while it builds a tree, and fails if two build one at once.
_PARSING = threading.Lock()

_FOUND: dict[str, str] = {}  # name of a function -> hash of its code, from this process and from earlier ones

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The code of a function: its whole modules, the values of declarations, and the definitions of its own module."""

    modules: frozenset[str]
    declared: frozenset[tuple[str, str]]  # module and name
    own: str


@dataclass(frozen=True, slots=True)
class _Import:
    module: str
    name: str | None  # None if the module itself is imported


@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    imports: tuple[_Import, ...]
    digest: str


@functools.cache
def code_fingerprint(function: Callable[..., object], *, declared: bool = False) -> str:
    """Return what `hash_code` returns, from an earlier process if it is stored (`hashes_kept_in`)."""
    hash_all_files()
    name = f"{function.__module__}.{function.__qualname__}{' declared' if declared else ''}"
    if name not in _FOUND:
        _FOUND[name] = hash_code(function, declared=declared)
    return _FOUND[name]


def hash_code(function: Callable[..., object], *, declared: bool = False) -> str:
    """Return the hash of the code of a function; with `declared` it includes the whole declarations of its tables."""
    code = find_code(function, declared=declared)
    digest = hashlib.sha256(code.own.encode())
    for module in sorted(code.modules):
        digest.update(f"{module} {_read(module).digest}\n".encode())
    for module, name in sorted(code.declared):
        digest.update(f"{module}.{name} {_describe_declared(module, name)}\n".encode())
    digest.update(_describe_libraries().encode())
    return digest.hexdigest()


def find_code(function: Callable[..., object], *, declared: bool = False) -> Code:
    """Return the code of a function, as the docstring of this module defines it."""
    own = function.__module__
    nodes, imports = _reach(_parse(own), function.__qualname__)
    modules, values = set[str](), set[tuple[str, str]]()
    open_ends = list(imports)
    while open_ends:
        one = open_ends.pop()
        if one.name is not None and not declared and _is_declaration(one.module, one.name):
            values.add((one.module, one.name))
            open_ends += [_Import(kind, None) for kind in _list_kinds(one.module, one.name)]
            continue
        for module in (*_packages_of(one.module), one.module):
            if module not in modules:
                modules.add(module)
                open_ends += _read(module).imports
    return Code(
        modules=frozenset(modules - {own}),
        declared=frozenset(values),
        own="\n".join(ast.dump(_without_docstrings(node)) for node in nodes),
    )


@contextmanager
def hashes_kept_in(file: Path) -> Iterator[None]:
    """Use the stored hashes in this block if no file changed, and store those that the block finds.

    Nothing is stored if a file of ours changed meanwhile: a hash could belong to either version.
    """
    found_before = _read_kept(file)
    _FOUND.update(found_before)
    try:
        yield
    finally:
        if _FOUND.keys() - found_before.keys() and _hash_all_files() == hash_all_files():
            text = json.dumps({"of_all_files": hash_all_files(), "hashes": _FOUND})
            write_whole(file, text, mode=PRIVATE)


def _read_kept(file: Path) -> dict[str, str]:
    """Return the stored hashes; none if the file is missing or damaged, or a file of ours has changed."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(file.read_bytes())
        if kept["of_all_files"] == hash_all_files():
            return {str(name): str(found) for name, found in kept["hashes"].items()}
    return {}


def _hash_all_files() -> str:
    """Return the hash of every module of ours, and of the versions of the libraries that compute."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {_describe_libraries()}".encode())
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


hash_all_files = functools.cache(_hash_all_files)  # the hash before this process read any of them


@functools.cache
def hash_files(package: str) -> str:
    """Return the hash of the files of a package that are no code, such as templates."""
    folder = ROOT.joinpath(*package.split("."))
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _reach(tree: ast.Module, function: str) -> tuple[list[ast.stmt], list[_Import]]:
    """Return the definitions that a function uses within its module, in their order, and what they import."""
    defined, imported = _list_names(tree)
    reached, imports = dict[int, ast.stmt](), list[_Import]()
    open_ends, seen = [function], set[str]()
    while open_ends:
        name = open_ends.pop()
        if name in seen:
            continue
        seen.add(name)
        for node in defined.get(name, []):
            reached[node.lineno] = node
            used, annotated = _list_uses(node)
            imports += [imported[one] for one in sorted(used & imported.keys())]
            imports += list(_find_imports(node))
            open_ends += sorted((used | annotated) & defined.keys())
    return [reached[line] for line in sorted(reached)], imports


def _list_names(tree: ast.Module) -> tuple[dict[str, list[ast.stmt]], dict[str, _Import]]:
    """Return the statements that define each name of a module, and the import behind each imported name."""
    defined: dict[str, list[ast.stmt]] = {}
    imported: dict[str, _Import] = {}
    for node in tree.body:
        if isinstance(node, Definition):
            defined.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {alias.asname or alias.name: one for alias, one in _resolve(node)}
        else:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    defined.setdefault(part.id, []).append(node)
    return defined, imported


def _list_uses(node: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the names that a definition uses when it runs, and the names in its annotations."""
    annotations = [
        part
        for one in ast.walk(node)
        for part in (getattr(one, "annotation", None), getattr(one, "returns", None))
        if isinstance(part, ast.expr)
    ]
    in_annotations = {id(part) for annotation in annotations for part in ast.walk(annotation)}
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    used = {part.id for part in names if id(part) not in in_annotations}
    return used, {part.id for part in names} - used


def _find_imports(node: ast.AST) -> Iterator[_Import]:
    """Give every import of our modules below a node, except imports for the type checker only."""
    for child in _list_statements(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield from (one for _, one in _resolve(child))
        yield from _find_imports(child)


def _list_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Give the statements, handlers and cases directly below a node; expressions hold no imports or definitions."""
    for name in ("body", "orelse", "handlers", "finalbody", "cases"):
        part = getattr(node, name, None)
        if isinstance(part, list):  # the body of a lambda or of a conditional expression is no list
            yield from part


def _resolve(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[ast.alias, _Import]]:
    """Give the modules of ours that a statement imports, or imports names from."""
    for alias in node.names:
        module = alias.name if isinstance(node, ast.Import) else str(node.module)
        if module.split(".")[0] not in OURS:
            continue
        if isinstance(node, ast.Import):
            yield alias, _Import(module, None)
        elif _file_of(f"{module}.{alias.name}") is not None:
            yield alias, _Import(f"{module}.{alias.name}", None)
        else:
            yield alias, _Import(module, alias.name)


def _is_declaration(module: str, name: str) -> bool:
    """Say whether a name is a declared value: a table, a column or a word; functions and classes are code."""
    if not module.startswith(f"{DECLARATIONS}."):
        return False
    value = getattr(importlib.import_module(module), name)
    return not callable(value)


def _list_kinds(module: str, name: str) -> list[str]:
    """Return our modules that define the class of a value, since its methods are code."""
    value = getattr(importlib.import_module(module), name)
    kinds = {type(part).__module__ for part in (value if isinstance(value, tuple) else (value,))}
    return sorted(kind for kind in kinds if kind.split(".")[0] in OURS)


@functools.cache
def _describe_declared(module: str, name: str) -> str:
    return str(_describe(getattr(importlib.import_module(module), name)))


@functools.cache
def _describe_libraries() -> str:
    return "\n".join(f"{library} {version(library)}" for library in LIBRARIES)


def _describe(value: object) -> object:
    """Return the part of a declared value that code can see."""
    if isinstance(value, Table):
        return value.name, value.key, [_describe(column) for column in value.columns]
    if isinstance(value, Column):
        return value.name, repr(value.dtype), value.nullable
    if isinstance(value, tuple):
        return [_describe(part) for part in value]
    return repr(value)


def _packages_of(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


@functools.cache
def _read(module: str) -> _Module:
    """Read a module of ours; its tree is dropped, since a hundred trees in memory slow the rest of the run."""
    tree = _parse(module)
    imports = tuple(_find_imports(tree))
    return _Module(imports=imports, digest=hashlib.sha256(ast.dump(_without_docstrings(tree)).encode()).hexdigest())


def _parse(module: str) -> ast.Module:
    path = _file_of(module)
    if path is None:
        message = f"no module {module} below {ROOT}"
        raise ModuleNotFoundError(message)
    with _PARSING:
        return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def _file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    found = (one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file())
    return next(found, None)


def _without_docstrings(node: ast.stmt | ast.Module) -> ast.stmt | ast.Module:
    """Remove the docstrings from a tree and return it."""
    open_ends: list[ast.AST] = [node]
    while open_ends:
        part = open_ends.pop()
        if isinstance(part, ast.Module | Definition) and part.body and ast.get_docstring(part, clean=False) is not None:
            part.body = part.body[1:] or [ast.Pass()]
        open_ends += _list_statements(part)
    return node
