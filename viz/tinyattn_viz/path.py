"""The attention path: from one source word to one output word, over every edge of the record that leads there.

The flow along it is that of flow.py. In an encoder-decoder it comes by two routes: by attention, or by the context
vector, which is what the decoder starts from. Which one, the edges say that lead from what depends on source words
alone into what has seen a target word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyattn.record import Record
from tinyattn.recorded import Call

from .ends import SOFTMAXES, find_ends, output_of, places
from .flow import MOVES, Edge, Flow, Shares

ATTENTION, CONTEXT, ONLY = "attention", "context vector", ""
RECURRENT = ("RNN", "LSTM", "GRU")  # a module whose class is called so reads a state


@dataclass(frozen=True)
class Step:
    """A step of the way, from what one op computed to the next op that computes with it."""

    tail: int | None  # the numbers of calls; None where the source word goes in
    head: int | None  # None where the output word comes out
    route: str
    flow: float  # of all that the output word is made of


class Path:
    """Raises: ValueError for words that are not there, and for a record that does not say where they go in and out."""

    def __init__(self, record: Record, path: str) -> None:
        self.record = record
        self.target, self.source = find_ends(record, path)
        self.output = output_of(record, self.target)
        self.words = {name: places(record, name) for name in ("source", "target")}
        self.marked = self.words["source"][self.source.place]
        if not self.marked:
            raise ValueError(
                f"draw: path: the record does not say where source word {self.source.name!r} goes in: give its ids "
                'as one input with an id for each word, and call `record.name(ids, "source")`'
            )
        ends = {number for words in self.words.values() for marked in words for number in marked}
        self.shares = Shares(record, self.output.value, self.output.element, ends)
        self.turns = self.find_turns()
        self.seen_target = self.find_seen_target()
        crossings = self.find_crossings()
        self.flows = {
            route: Flow(self.shares, self.marked, crossings.keys() - {e for e, r in crossings.items() if r == route})
            for route in dict.fromkeys(crossings.values()) or [ONLY]
        }
        self.total = sum(flow.total for flow in self.flows.values())

    def parts(self, name: str) -> list[float]:
        """How much of the output word comes from each word of `source` or `target`, by whatever route."""
        flow = Flow(self.shares, {}).of
        return [
            sum(float((flow[k] * mark).sum()) for k, mark in marked.items() if k in flow) for marked in self.words[name]
        ]

    # --- routes ---------------------------------------------------------

    def find_seen_target(self) -> set[int]:
        """The values that depend on a target word; and those that do so in another time step, like a context that the
        decoder's output of the step before asks for, which in the first step is none yet."""
        values = self.record.values if self.words["target"] else []
        seen = {v.number for v in values if v.kind == "input" and v.name == "target"}
        turns: set[tuple] = set()
        for _ in range(2):
            for call in self.record.calls:
                stepwise = call.step is not None
                if any(k in seen for _, k in call.inputs) or (stepwise and self.turns[call.number] in turns):
                    seen.update(call.outputs)
                    turns |= {self.turns[call.number]} if stepwise else set()
        return seen

    def find_turns(self) -> dict[int, tuple]:
        """What the calls of different time steps have in common, by their number: module, place in its step, and op."""
        counts: dict[tuple, int] = {}
        turns = {}
        for call in self.record.calls:
            turn = counts[call.path, call.step] = counts.get((call.path, call.step), -1) + 1
            turns[call.number] = call.path, turn, call.op
        return turns

    def find_crossings(self) -> dict[Edge, str]:
        """The edges from the source's side to the target's, and the route that each of them belongs to."""
        slots = self.find_slots()
        softmaxes = {(call.path, call.step) for call in self.record.calls if call.op in SOFTMAXES}
        found = {}
        for call in self.shares.calls:
            for edge, k in self.shares.edges(call):
                if call.outputs[0] not in self.seen_target or k in self.seen_target:
                    continue
                state = is_recurrent(self.record, call) or slots[edge] in self.state_slots
                attends = not state and (call.path, call.step) in softmaxes
                found[edge] = ATTENTION if attends else CONTEXT
        return found

    def find_slots(self) -> dict[Edge, tuple]:
        """For each edge the slot that it goes into: the same one at every time step.

        A slot that in another step is fed by what has seen target words is a state: of the decoder itself there.
        """
        slots: dict[Edge, tuple] = {}
        self.state_slots = set()
        for call in self.record.calls:
            for place, (_, k) in enumerate(call.inputs):
                slot = slots[call.number, place] = (*self.turns[call.number], place)
                if k in self.seen_target and call.step is not None:
                    self.state_slots.add(slot)
        return slots

    # --- steps ----------------------------------------------------------

    def steps(self) -> Iterator[Step]:
        """All steps of the way, past the ops that only move numbers."""
        made_in = {k: call for call in self.shares.calls for k in call.outputs}
        for route, flow in self.flows.items():
            result = self.shares.start * flow.mark(self.output.value)
            for tail, part in self.origins(self.output.value, result, made_in):
                yield Step(tail, None, route, part)
            for call in self.shares.calls:
                if call.op in MOVES:
                    continue
                for edge, k in flow.open(call):
                    for tail, part in self.origins(k, flow.over[edge], made_in):
                        yield Step(tail, call.number, route, part)

    def origins(self, number: int, flow: np.ndarray, made_in: dict[int, Call]) -> Iterator[tuple[int | None, float]]:
        """The calls that computed what flows through a value, each with its part of the flow."""
        waiting = [(number, flow)]
        while waiting:
            number, flow = waiting.pop()
            part = float(flow.sum())
            if part == 0.0:
                continue
            if number in self.marked:
                yield None, part
            elif (call := made_in.get(number)) is not None and call.op in MOVES:
                moved = self.shares.moved_back(call, {call.outputs.index(number): flow})
                waiting += [(k, x) for (_, k), x in zip(call.inputs, moved, strict=True) if x is not None]
            elif call is not None:
                yield call.number, part


def is_recurrent(record: Record, call: Call) -> bool:
    return bool(call.path) and record.modules.get(call.path, "").startswith(RECURRENT)
