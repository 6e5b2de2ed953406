"""Writes docs/reference/: a page for each family of ops, from the source's own formulas, docstrings and gradients.

    python docs/make_reference.py           writes the pages
    python docs/make_reference.py --check   fails where a page is not what the source says
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import tinyattn as ta
from tinyattn import ops
from tinyattn.op import registry

PAGES = Path(__file__).parent / "reference"
PLACES = (("ta.", ta), ("F.", ta.nn.functional), ("x.", ta.Tensor))  # where users find a function


def families() -> Iterator[ModuleType]:
    """The modules that hold ops."""
    for info in pkgutil.iter_modules(ops.__path__):
        module = importlib.import_module(f"{ops.__name__}.{info.name}")
        if any(documented(module, name, function) for name, function in members(module)):
            yield module


def documented(module: ModuleType, name: str, function: Any) -> bool:
    """Is it an op, or what users call?"""
    return f"{family(module)}.{name}" in registry or bool(reachable(name, function))


def family(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def members(module: ModuleType) -> list[tuple[str, Any]]:
    """The functions that a module defines, in the order of the source."""
    found = [(name, value) for name, value in vars(module).items()
             if inspect.isfunction(value) and value.__module__ == module.__name__]
    return sorted(found, key=lambda pair: inspect.unwrap(pair[1]).__code__.co_firstlineno)


def reachable(name: str, function: Any) -> list[str]:
    """How users call it: `ta.tanh`, `x.tanh`."""
    return [prefix + name for prefix, owner in PLACES if vars(owner).get(name) is function]


def gradients(module: ModuleType) -> dict[str, str]:
    """Name of an op -> the source of its gradient."""
    text = inspect.getsource(module)
    found = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            called: Any = statement.value.func
        elif isinstance(statement, ast.FunctionDef) and statement.decorator_list:
            called = statement.decorator_list[0]
        else:
            continue
        if isinstance(called, ast.Attribute) and called.attr in ("gradient", "joint_gradient"):
            lines = text.splitlines()
            first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
            found[ast.unparse(called.value)] = "\n".join(lines[first - 1 : statement.end_lineno])
    return found


def title(module: ModuleType) -> str:
    return {"gru": "GRU", "lstm": "LSTM"}.get(family(module), family(module).replace("_", " ").capitalize())


def entry(module: ModuleType, name: str, function: Any, gradient: str | None) -> list[str]:
    """One function: how it is called, its formula, what its docstring says, its gradient."""
    rule = registry.get(f"{family(module)}.{name}")
    calls = reachable(name, function)
    signature = str(inspect.signature(function, eval_str=False)).replace(": Any", "").replace(" -> Any", "")
    doc = inspect.getdoc(function) or ""
    lines = [f"## {name.rstrip('_')}" if calls else f"## {name}", ""]
    if calls:
        lines += [" · ".join(f"`{call}`" for call in calls), ""]
    lines += ["```python", f"{name}{signature}", "```", "", *verbatim(doc), ""]
    if rule is not None and gradient:
        lines += ["Gradient:", "", "```python", gradient, "```", ""]
    elif rule is not None:
        lines += ["No gradient goes through.", ""]
    if rule is not None and rule.reference is not None:
        lines += [f"Fused; in primitive ops it is `{rule.reference.__name__}`.", ""]
    return lines


def verbatim(doc: str) -> list[str]:
    """A docstring as it stands: formulas and shapes keep their places."""
    return ["```text", *doc.splitlines(), "```"]


def page(module: ModuleType) -> str:
    """A family's page."""
    found = gradients(module)
    file = Path(inspect.getfile(module)).name
    lines = [f"# {title(module)}", "", *verbatim(inspect.getdoc(module) or ""), "",
             f"Source: [tinyattn/ops/{file}](../../tinyattn/ops/{file})", ""]
    for name, function in members(module):
        if documented(module, name, function):
            lines += entry(module, name, function, found.get(name))
    return "\n".join(lines).rstrip() + "\n"


def pages() -> dict[str, str]:
    """File name -> text, the index first."""
    modules = list(families())
    index = ["# Reference: every op, by family", "",
             "Made from the source by `python docs/make_reference.py`. `ta` is tinyattn, `F` is its nn.functional, "
             "`x` a Tensor; dx is dL/dx.", ""]
    index += [f"- [{title(module)}]({family(module)}.md): "
              + ", ".join(f"`{name}`" for name, function in members(module) if reachable(name, function))
              for module in modules]
    return {"README.md": "\n".join(index) + "\n",
            **{f"{family(module)}.md": page(module) for module in modules}}


def main() -> None:
    made = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    if "--check" in sys.argv:
        stale = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        if stale:
            sys.exit(f"not what the source says: {', '.join(stale)}: run python docs/make_reference.py")
        return
    PAGES.mkdir(exist_ok=True)
    for name in there.keys() - made.keys():
        (PAGES / name).unlink()
    for name, text in made.items():
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
