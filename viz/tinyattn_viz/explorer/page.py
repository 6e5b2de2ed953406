"""The page as one file: its text, style and program put together so that nothing else can be loaded or run in it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

STYLE = "explorer.css"
PARTS = (
    "data",
    "layout",
    "boxes",
    "graph",
    "marks",
    "card",
    "attention",
    "beam",
    "explorer",
)  # of the program, in order
ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
FRAME_HEIGHT = 820  # pixels, in a notebook


class Page(str):
    """The HTML text of a page. In a notebook it shows itself, shut into a frame; `.save(path)` writes it."""

    def save(self, path: str | os.PathLike) -> Path:
        path = Path(path)
        path.write_bytes(self.encode())
        return path

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" title="tinyattn explorer" srcdoc="{html.escape(self)}" '
            f'width="100%" height="{FRAME_HEIGHT}" style="border: 0"></iframe>'
        )


def assemble(data: dict[str, Any], title: str) -> Page:
    """The same data give the same bytes."""
    style, program = read(STYLE), "".join(read(f"{part}.js") for part in PARTS)
    parts = {
        "TITLE": html.escape(title),
        "POLICY": policy(style, program),
        "STYLE": style,
        "DATA": as_script_text(data),
        "PROGRAM": program,
    }
    page = read("page.html")
    head, *rest = page.split("{{")
    for part in rest:
        name, _, after = part.partition("}}")
        head += parts[name] + after
    return Page(head)


def policy(style: str, program: str) -> str:
    """Nothing from anywhere, and of what stands in the page only this style and this program."""
    return (
        f"default-src 'none'; script-src {digest(program)}; style-src {digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def as_script_text(data: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in, whatever the words say."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(ESCAPES)


def read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
