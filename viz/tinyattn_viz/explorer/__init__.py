"""`explorer`: a run as one page to look around in, in any browser and without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyattn.record import Record
from tinyattn.translator.search_tree import SearchTree

from ..formulas import Formulas
from ..labels import visible
from .beam import beam_data
from .cards import call_card, value_card
from .heat import heat
from .insides import Layouts, inside_of
from .page import Page, assemble
from .units import Unit, arrange, arriving, split


def explorer(
    record: Record,
    attention: Any | None = None,
    beam: SearchTree | Mapping[str, Any] | None = None,
    title: str | None = None,
) -> Page:
    """The HTML text of a page that shows a recorded run: graph, card of every value, steps of the pass, attention.

    It is one file that loads nothing. In a notebook it shows itself; `.save(path)` writes it.

    attention: weights (target, source) to show instead of those that the record holds.
    beam: a tree of hypotheses as `Translator.search_tree` gives it, or its `as_dict()`.
    title: of the page; else the sentence and its translation.
    Raises: TypeError for anything but a record; ValueError for a record without calls, or attention that does not fit
    its words, or another tree; LayoutError where no layout engine works.
    """
    if not isinstance(record, Record):
        raise TypeError(f"explorer: wanted a record, got {type(record).__name__}: make one with `ta.record()`")
    if not record.calls:
        raise ValueError("explorer: nothing was recorded: call the model or ops inside the `with record()` block")
    title = title if title is not None else sentences(record) or "tinyattn explorer"
    return assemble(page_data(record, attention, beam, title), visible(title))


def page_data(
    record: Record, attention: Any | None, beam: SearchTree | Mapping[str, Any] | None, title: str
) -> dict[str, Any]:
    """All that the page knows, as JSON's types."""
    units = split(record)
    phases = arrange(record, units)
    maker = {k: unit.number for unit in units for call in unit.calls for k in call.outputs}
    edges = [(k, maker[k], unit.number) for unit in units for k in arriving(record, unit)]
    used_within = {k for unit in units for call in unit.calls for _, k in call.inputs if maker.get(k) == unit.number}
    leaves_unit = {k for k, _, _ in edges} | (maker.keys() - used_within)
    layouts, formulas = Layouts(), Formulas(record)
    backward = any(v.gradient is not None for v in record.values)
    return {
        "title": visible(title),
        "up": any(phase.columns > 1 for phase in phases),  # read from below upwards, as the words come in
        "phases": [vars(phase) for phase in phases],
        "words": {name: [visible(word) for word in words] for name, words in record.words.items()},
        "units": [unit_data(record, unit, leaves_unit, layouts) for unit in units],
        "layouts": layouts.found,
        "edges": edges,
        "calls": [call_card(record, call, formulas) for call in record.calls],
        "values": [value_card(record, v, backward) for v in record.values],
        "backward": backward,
        "heat": heat(record, attention),
        "beam": None if beam is None else beam_data(beam),
    }


def unit_data(record: Record, unit: Unit, leaves_unit: set[int], layouts: Layouts) -> dict[str, Any]:
    leaving = [k for call in unit.calls for k in call.outputs if k in leaves_unit]
    inside = inside_of(record, unit, leaving)
    return {
        "title": visible(unit.title),
        "path": visible(unit.path),
        "step": unit.step,
        "phase": unit.phase,
        "row": unit.row,
        "columns": unit.columns,
        "calls": [call.number for call in unit.calls],
        "layout": layouts.number_of(inside),
        "keys": inside.keys,
        "ends": [[tail, head] for tail, head, _ in inside.edges],
    }


def sentences(record: Record) -> str:
    """let's go → vamos <eos>"""
    return " → ".join(" ".join(record.words[name]) for name in ("source", "output") if record.words.get(name))
