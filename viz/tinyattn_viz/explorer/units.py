"""The overview of a run: its ops in units, a unit being what one module did in one time step, and their places.

Units stand in a grid. A phase (encoder, decoder) has a column for each time step and a row for each of its modules; a
unit that belongs to no step, like an embedding of the whole sentence, is a bar over all columns of its phase. The
words of the sentences stand in the grid as well: what goes in before the first row, what comes out after the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tinyattn.record import Record
from tinyattn.recorded import Call, Value

from ..collapse import inline
from ..describe import module_title

MOST = 60  # calls of a unit: more are several units, so that what opens can be read


@dataclass
class Unit:
    """Calls in a row of one module and one time step. `columns` are counted in its phase, rows from the words on."""

    number: int
    path: str
    step: int | None
    calls: list[Call]
    phase: int = 0
    row: int = 0
    columns: tuple[int, int] = (0, 0)
    title: str = ""


@dataclass
class Phase:
    """Modules that take turns, step by step. `first` and `last` are the names of the words that go in and come out."""

    tops: list[str] = field(default_factory=list)  # their outermost modules
    columns: int = 1
    rows: int = 0  # the words that come in are row 0, those that come out the row `out_row`
    title: str = ""
    first: str | None = None
    last: str | None = None
    out_row: int | None = None


def split(record: Record) -> list[Unit]:
    """The record's calls as units, in the order they ran."""
    units: list[Unit] = []
    for call in record.calls:
        new = not units or (units[-1].path, units[-1].step) != (call.path, call.step) or len(units[-1].calls) == MOST
        if new:
            units.append(Unit(len(units), call.path, call.step, []))
        units[-1].calls.append(call)
    units = gathered(record, units)
    for number, unit in enumerate(units):
        unit.number, unit.title = number, title(record, unit)
    return units


def gathered(record: Record, units: list[Unit]) -> list[Unit]:
    """What runs beside the time steps and waits, as the parts of a loss do, goes to the unit that it waits for."""
    users: dict[int, set[int]] = {}  # of each value, numbers of calls
    for call in record.calls:
        for _, k in call.inputs:
            users.setdefault(k, set()).add(call.number)
    later: dict[str, Unit] = {}
    kept = []
    for unit in reversed(units):
        other = later.get(unit.path)
        if unit.step is None and other is not None and len(unit.calls) + len(other.calls) <= MOST:
            using = set().union(*(users.get(k, ()) for call in unit.calls for k in call.outputs))
            if using <= {call.number for call in (*unit.calls, *other.calls)}:
                other.calls[:0] = unit.calls
                continue
        if unit.step is None:
            later[unit.path] = unit
        kept.append(unit)
    return kept[::-1]


def title(record: Record, unit: Unit) -> str:
    if unit.path:
        return module_title(record, unit.path)
    ops = list(dict.fromkeys(call.op for call in unit.calls))
    result = record.values[unit.calls[-1].outputs[0]].name
    return result if len(ops) > 2 and result else ", ".join(ops[:2]) + (" …" if len(ops) > 2 else "")


def arrange(record: Record, units: list[Unit]) -> list[Phase]:
    """Give each unit its phase, row and columns."""
    phases = find_phases(units)
    for number, phase in enumerate(phases):
        own = [unit for unit in units if unit.phase == number]
        steps = sorted({unit.step for unit in own if unit.step is not None})
        phase.columns = max(1, len(steps))
        give_rows(own, phase, {step: column for column, step in enumerate(steps)})
        titles = [module_title(record, top) for top in phase.tops if top]
        phase.title = ", ".join(dict.fromkeys(titles)) or "ops"
    place_words(record, units, phases)
    return phases


def find_phases(units: list[Unit]) -> list[Phase]:
    """Outermost modules whose steps interleave are one phase; units without a step go with those before them."""
    spans: dict[str, list[int]] = {}
    for unit in units:
        if unit.step is not None:
            spans.setdefault(unit.path.split(".")[0], [unit.number, unit.number])[1] = unit.number
    phases: list[Phase] = []
    ends: list[int] = []
    for top, (begin, end) in sorted(spans.items(), key=lambda span: span[1]):
        if not phases or begin > ends[-1]:
            phases.append(Phase())
            ends.append(end)
        phases[-1].tops.append(top)
        ends[-1] = max(ends[-1], end)
    if not phases:
        phases.append(Phase(list(dict.fromkeys(unit.path.split(".")[0] for unit in units))))
    phase = 0
    for unit in units:
        top = unit.path.split(".")[0]
        phase = next((k for k in range(phase, len(phases)) if top in phases[k].tops), phase)
        unit.phase = phase
    return phases


def give_rows(own: list[Unit], phase: Phase, columns: dict[int, int]) -> None:
    """A module's first turn in a step is one row, its second turn in that step another. Row 0 is for the words."""
    rows: dict[tuple[str, bool, int], int] = {}
    turns: dict[tuple[str, int | None], int] = {}
    for unit in own:
        place = unit.path, unit.step
        turn = turns[place] = turns.get(place, -1) + 1
        unit.row = rows.setdefault((unit.path, unit.step is None, turn), len(rows) + 1)
        unit.columns = (0, phase.columns - 1) if unit.step is None else (columns[unit.step],) * 2
    phase.rows = len(rows) + 1


def place_words(record: Record, units: list[Unit], phases: list[Phase]) -> None:
    """Words stand in the phase that uses the value of their name; "output" where "target" goes in, else at the end."""
    for name, words in record.words.items():
        users = [unit for unit in units for call in unit.calls for v in inputs(record, call)
                 if v.name == name != "output"]
        if users and len(words) == phases[users[0].phase].columns:
            phases[users[0].phase].first = name
    if "output" in record.words:
        phase = next((phase for phase in phases if phase.first == "target"), phases[-1])
        if len(record.words["output"]) == phase.columns:
            number = phases.index(phase)
            own = [unit for unit in units if unit.phase == number]
            phase.last = "output"
            phase.out_row = 1 + max(unit.row for unit in own if unit.step is not None or phase.columns == 1)
            phase.rows += 1
            for unit in own:
                unit.row += unit.row >= phase.out_row


def inputs(record: Record, call: Call) -> list[Value]:
    return [record.values[k] for _, k in call.inputs]


def arriving(record: Record, unit: Unit) -> list[int]:
    """Numbers of the values that other units made and this one uses, in the order it uses them."""
    own = {k for call in unit.calls for k in call.outputs}
    used = (v for call in unit.calls for v in inputs(record, call) if v.call is not None and v.number not in own)
    return list(dict.fromkeys(v.number for v in used))


def leaves(record: Record, unit: Unit) -> list[int]:
    """Numbers of the values that no op made and that stand as boxes inside: not plain numbers."""
    used = (v for call in unit.calls for v in inputs(record, call) if v.call is None and not inline(v))
    return list(dict.fromkeys(v.number for v in used))
