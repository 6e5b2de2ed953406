"""The tree of a beam search: from left to right what the search kept at each step, what it dropped, and what won."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyattn.translator.search_tree import Branch, SearchTree

from .canvas import Canvas, Curve, Rectangle, Text
from .heatmap import text_width
from .labels import visible
from .picture import Picture
from .style import EDGE, INK, MUTED

BUDGET = 300  # branches: more than that nobody reads
MARGIN = 24.0
TOP = 106.0  # where the first box begins: below the source and the numbers of the steps
GAP = 10.0  # between boxes of a step
BETWEEN = 56.0  # between columns: room for edges
WORD, SMALL = 13.0, 10.5  # sizes of letters
RADIUS = 12.0  # Graphviz's round corners, which it does not let one choose

# fill, outline, its thickness, edge to it
LOOKS = {
    "won": ("#d3e5f5", "#1f5f99", 2.2, "#1f5f99"),
    "kept": ("#ffffff", "#4a6b8a", 1.2, EDGE),
    "dropped": ("none", "none", 1.0, "#c3ccd4"),
}


@dataclass
class Box:
    """A branch on the page, or the start. `y` is its middle."""

    word: str
    lines: list[str]  # below the word
    look: str  # a key of LOOKS
    branch: Branch | None = None
    y: float = 0.0

    @property
    def width(self) -> float:
        return max(text_width(self.word, WORD), *(text_width(line, SMALL) for line in self.lines)) + 22

    @property
    def height(self) -> float:
        return 14 + 1.3 * (WORD + SMALL * len(self.lines))


def beam_tree(tree: SearchTree, budget: int = BUDGET) -> Picture:
    """A picture of a beam search, as `Translator.search_tree` tells it: a column for each step.

    budget: above so many branches those matter first that the translations are made of, then those kept, then those
    dropped, each in the order of the steps; the caption says how many are missing.
    Raises: ValueError for a budget below 1.
    """
    if budget < 1:
        raise ValueError(f"beam_tree: budget must be at least 1 branch, got {budget}")
    start = Box(tree.start, ["start"], "won")
    columns = [[start], *arranged(tree, shown(tree, budget))]
    boxes = [box for column in columns for box in column]
    down = TOP - min(box.y - box.height / 2 for box in boxes)
    for box in boxes:
        box.y += down
    canvas = Canvas(0, max(box.y + box.height / 2 for box in boxes) + MARGIN, f"Beam search: {tree.source}")
    add_title(canvas, tree)
    ends: dict[int | None, tuple[float, float]] = {}  # by branch: where the edges to its children begin
    x = MARGIN
    for step, column in enumerate(columns):
        width = max(box.width for box in column)
        if step:
            canvas.texts.append(Text(x + width / 2, TOP - 20, f"step {step}", 11, colour=MUTED))
        for box in column:
            if box.branch is not None:
                add_edge(canvas, ends[box.branch.parent], x + (width - box.width) / 2, box, x)
            ends[box.branch.number if box.branch else None] = (x + width, box.y)
            add_box(canvas, x, width, box, tree)
        x += width + BETWEEN
    canvas.width = max(canvas.width, x - BETWEEN + MARGIN)
    canvas.curves.sort(key=lambda curve: (curve.colour == LOOKS["won"][3], curve.thickness))  # the winner on top
    add_caption(canvas, tree, len(boxes) - 1)
    return Picture(canvas.dot(), canvas.svg(), program="nop2")


def shown(tree: SearchTree, budget: int) -> set[int]:
    """The branches that are drawn. In this order each comes after its parent, so none is an orphan."""
    order = [k for end in tree.hypotheses for k in tree.path(end)]
    for kept in (True, False):
        order += [branch.number for branch in tree.branches if branch.kept == kept]
    return set(list(dict.fromkeys(order))[:budget])


def arranged(tree: SearchTree, drawn: set[int]) -> list[list[Box]]:
    """For each step its boxes, the likeliest at the top: the middles of all first boxes are on one line."""
    winner = set(tree.path(tree.hypotheses[0]))
    columns: list[list[Box]] = [[] for _ in range(max(tree.branches[k].step for k in drawn) + 1)]
    for branch in (tree.branches[k] for k in sorted(drawn)):
        box, column = Box(branch.token, numbers(tree, branch), look_of(branch, winner), branch), columns[branch.step]
        if column:
            box.y = column[-1].y + (column[-1].height + box.height) / 2 + GAP
        column.append(box)
    return columns


def look_of(branch: Branch, winner: set[int]) -> str:
    return "won" if branch.number in winner else "kept" if branch.kept else "dropped"


def numbers(tree: SearchTree, branch: Branch) -> list[str]:
    """What stands below a word."""
    lines = [f"{percent(math.exp(branch.token_log_p))} · log p {decimal(branch.log_p)}"]
    if branch.number in tree.hypotheses:
        score = f" · score {decimal(branch.score)}" if tree.length_penalty else ""
        lines.append(f"no. {tree.hypotheses.index(branch.number) + 1}{score}")
    elif branch.finished:
        lines.append(f"not among the best {len(tree.hypotheses)}")
    return lines


def percent(probability: float) -> str:
    if 0 < probability < 0.001:
        return "<0.1%"
    return f"{probability:.0%}" if probability >= 0.1 else f"{probability:.1%}"


def decimal(x: float) -> str:
    return f"{x:.2f}".replace("-", "−")


# --- drawing ---


def add_title(canvas: Canvas, tree: SearchTree) -> None:
    """Source and translation, side by side."""
    x = MARGIN
    for name, words in (("source", tree.source), ("translation", tree.texts[0])):
        canvas.texts += [Text(x, MARGIN, name, 11, "left", MUTED), Text(x, MARGIN + 20, words, 15, "left")]
        x += max(text_width(words, 15), text_width(name, 11)) + 2 * MARGIN
    canvas.width = x - MARGIN


def add_box(canvas: Canvas, x: float, width: float, box: Box, tree: SearchTree) -> None:
    """A word with smaller lines below it, all in the middle."""
    fill, outline, thickness, _ = LOOKS[box.look]
    top, tip = box.y - box.height / 2, ""
    if box.branch:
        words = " ".join(visible(tree.branches[k].token) for k in tree.path(box.branch.number))
        tip = f"{words}: log p {box.branch.log_p:.6g}; of its last word alone {box.branch.token_log_p:.6g}"
    if box.look != "dropped":
        canvas.rectangles.append(Rectangle(x, top, width, box.height, fill, outline, tip, RADIUS, thickness))
    if box.branch and box.branch.finished:
        inner = Rectangle(x + 3.5, top + 3.5, width - 7, box.height - 7, fill, outline, tip, RADIUS - 3.5, 1.0)
        canvas.rectangles.append(inner)
    rows = [(box.word, WORD, MUTED if box.look == "dropped" else INK), *((line, SMALL, MUTED) for line in box.lines)]
    y = top + 7
    for text, size, colour in rows:
        canvas.texts.append(Text(x + width / 2, y + size * 0.65, text, size, colour=colour))
        y += size * 1.3


def add_edge(canvas: Canvas, start: tuple[float, float], text: float, box: Box, x: float) -> None:
    """The likelier the word, the thicker. To what was dropped, which has no outline, it goes up to the `text`."""
    assert box.branch is not None
    colour, dropped = LOOKS[box.look][3], box.look == "dropped"
    thickness = 1.0 if dropped else 1.0 + 3.0 * math.exp(box.branch.token_log_p)
    canvas.curves.append(Curve(*start, text + 4 if dropped else x, box.y, colour, thickness, dashed=dropped))


def add_caption(canvas: Canvas, tree: SearchTree, count: int) -> None:
    """What is what, below the tree, in lines no wider than the page."""
    score = "log p" if not tree.length_penalty else f"log p / ((5 + length) / 6)^{tree.length_penalty:g}"
    sentences = [
        f"Beam {tree.beam}: of all continuations of a step the {tree.beam} likeliest are kept, in boxes.",
        "The faint ones came next and were dropped. The likeliest stand at the top.",
        "Below a word: its probability after the words before it, and log p, these probabilities' logs added up "
        "from the start.",
        "The thicker an edge, the likelier the word.",
        f"Double outline: ended; no. 1, 2 ... by score = {score}.",
        "Blue: the translation that won.",
    ]
    missing = len(tree.branches) - count
    if missing:
        sentences.append(f"{missing:,} of {len(tree.branches):,} branches are left out.")
    canvas.width = max(canvas.width, 460.0)
    lines: list[str] = []
    line = ""
    for word in " ".join(sentences).split(" "):
        if line and text_width(f"{line} {word}", 11) > canvas.width - 2 * MARGIN:
            lines, line = [*lines, line], ""
        line = f"{line} {word}".strip()
    for text in [*lines, line]:
        canvas.texts.append(Text(MARGIN, canvas.height, text, 11, "left", MUTED))
        canvas.height += 16
    canvas.height += MARGIN - 16
