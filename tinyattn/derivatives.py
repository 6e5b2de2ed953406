"""The derivatives of an op as its source code states them, written a little more like mathematics."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Callable

from .op import Op

SIGNS = {" * ": " · ", " ** ": " ^ ", " - ": " − ", ".mT": "ᵀ", ", keepdim=True": ""}


def derivatives(op: Op) -> dict[str, str]:
    """By the name of an input: dL/dinput, like "dy · b" for a product's `a`. dy is dL/dy.

    A fused op has none: its derivative is a kernel. Nor has an op whose source is not to be had, as in a console.
    """
    # A user's own op has a gradient for each argument of apply; the ctx of its forward is none of them.
    return _of_op(op) if op.backward is None else _of_joint(tuple(op.in_order), op.backward)


@functools.cache
def _of_op(op: Op) -> dict[str, str]:
    if op.reference is not None:
        return {}
    if op.joint is not None:
        return _of_joint(tuple(op.inputs or op.variadic), op.joint[0])
    pairs = zip(op.inputs, op.derivatives)
    return {name: text for name, (rule, _) in pairs if (text := of_rule(f"d{name}", rule))}


@functools.cache
def _of_joint(inputs: tuple[str, ...], rule: Callable) -> dict[str, str]:
    texts = returned(rule)
    if not 0 <= len(inputs) - len(texts) <= 1:  # variadic ones share a formula
        inputs, texts = (", ".join(inputs),), ["; ".join(texts)]
    return {name: text for name, text in zip(inputs[-len(texts) :], texts) if text}


def of_rule(label: str, rule: Callable) -> str:
    """What `label=` was given: a lambda's body, or of a function what its docstring says, or else what it returns."""
    if rule.__name__ != "<lambda>":
        return (rule.__doc__ or "").split("\n")[0].rstrip(".") or "; ".join(returned(rule))
    first = rule.__code__.co_firstlineno
    for node in ast.walk(parsed(rule.__code__.co_filename)):
        if isinstance(node, ast.keyword) and node.arg == label and isinstance(node.value, ast.Lambda):
            if node.value.lineno == first:
                return as_formula(node.value.body)
    return ""


def returned(rule: Callable) -> list[str]:
    """What a function returns, each element by itself; of a variable, what it was set to."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(rule))))
    except (OSError, SyntaxError):
        return []
    results = [node.value for node in ast.walk(body) if isinstance(node, ast.Return) and node.value is not None]
    if not results:
        return []
    set_to = {target.id: node.value for node in ast.walk(body) if isinstance(node, ast.Assign)
              for target in node.targets if isinstance(target, ast.Name)}
    last = results[-1]
    parts = last.elts if isinstance(last, ast.Tuple) else [last]
    return [as_formula(set_to.get(part.id, part) if isinstance(part, ast.Name) else part) for part in parts]


def as_formula(expression: ast.expr) -> str:
    """Python's text with the signs of mathematics, and without the marks that only Python needs; none for None."""
    text = ast.unparse(expression)
    if text == "None":
        return ""
    for python, sign in SIGNS.items():
        text = text.replace(python, sign)
    text = re.sub(r"\b(\w+)=(\w+)\b", lambda match: match[2] if match[1] == match[2] else match[0], text)
    text = re.sub(r"(\w)_\(", r"\1(", text)  # an op that a function of its name stands before
    return re.sub(r"(^|(?<=[(\[, ]))-(?=[\w(])", "−", text)


@functools.cache
def parsed(file: str) -> ast.Module:
    try:
        with open(file, encoding="utf-8") as source:
            return ast.parse(source.read())
    except (OSError, SyntaxError):
        return ast.Module([], [])
