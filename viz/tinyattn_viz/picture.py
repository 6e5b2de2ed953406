"""A picture that shows itself in a notebook and saves to any format."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Mapping
from pathlib import Path

from . import engine
from .graph import Graph
from .labels import visible
from .mermaid import mermaid

# What a file's name ends in, for each format.
SUFFIXES = {
    ".svg": "svg",
    ".png": "png",
    ".pdf": "pdf",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
}


class Picture:
    """What `draw`, `heatmap` and the others return.

    `.dot` is its Graphviz text, `.svg` its SVG text; `.render(format)` gives bytes and `.save(path)` a file.
    Made again from the same data, a picture has the same bytes in every format.

    svg: where it is written without Graphviz. program: Graphviz's way to lay it out. tips: what an SVG shows when the
    mouse rests on a box, by the box's name. graph: what the picture shows, if it is one that Mermaid can draw.
    """

    def __init__(
        self,
        dot: str,
        svg: str | None = None,
        program: str = "dot",
        tips: Mapping[str, str] | None = None,
        graph: Graph | None = None,
    ) -> None:
        self.dot = dot
        self._tips, self._program, self._graph = tips or {}, program, graph
        self._rendered: dict[str, bytes] = {"dot": dot.encode()}
        if svg is not None:
            self._rendered["svg"] = svg.encode()

    @property
    def svg(self) -> str:
        return self.render("svg").decode()

    def render(self, format: str, timeout: float = engine.TIMEOUT) -> bytes:
        """The picture as bytes of an svg, png, pdf, dot or mermaid file.

        Raises: ValueError for another format, or mermaid for what is no graph; tinyattn_viz.LayoutError where the
        layout fails or takes longer than `timeout` seconds, or the graph is larger than Mermaid draws.
        """
        if format not in SUFFIXES.values():
            raise ValueError(
                f"render: format must be one of {', '.join(dict.fromkeys(SUFFIXES.values()))}, got {format!r}"
            )
        if format == "mermaid":
            if self._graph is None:
                raise ValueError("render: mermaid draws graphs only, got another picture: choose svg, png, pdf or dot")
            return mermaid(self._graph).encode()
        if format not in self._rendered:
            content = engine.layout(self.dot, format, self._program, timeout)
            self._rendered[format] = self._with_tips(content) if format == "svg" else content
        return self._rendered[format]

    def save(self, path: str | os.PathLike, format: str | None = None) -> Path:
        """Write the picture to `path`; the format is what the name ends in, unless it is given.

        Raises: ValueError for a name with another ending; ValueError and LayoutError as `render`.
        """
        path = Path(path)
        if format is None:
            format = SUFFIXES.get(path.suffix.lower())
            if format is None:
                raise ValueError(f"save: {path.name!r} must end in one of {', '.join(SUFFIXES)}, or pass format=")
        content = self.render(format)  # first, so that a failed layout leaves an older file as it was
        path.write_bytes(content)
        return path

    def _with_tips(self, content: bytes) -> bytes:
        """Graphviz titles each thing with its name in the text, which says nothing to a reader."""

        def title(match: re.Match) -> str:
            tip = "\n".join(visible(line) for line in self._tips.get(match[1], "").split("\n"))
            return f"<title>{html.escape(tip)}</title>\n" if tip else ""

        return re.sub(r"<title>(.*?)</title>\n", title, content.decode()).encode()

    def _repr_svg_(self) -> str:
        return self.svg[self.svg.index("<svg") :]  # a page takes the element, not the file's prologue
