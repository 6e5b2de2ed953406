"""Commands to one person: Spanish has one form that tells to do, and another that tells not to."""

from __future__ import annotations

from tinyattn.text.corpus import circumstances as when
from tinyattn.text.corpus.chooser import Chooser
from tinyattn.text.corpus.lexicon import TU
from tinyattn.text.corpus.parts import NOTHING, Part, build


def command(pick: Chooser) -> Part:
    """`eat the pizza → come la pizza`"""
    verb, rest = pick.doing(TU, "c", when.SOON)
    please = build(",₁ please₂ → ,₁ por₂ favor₂") if pick.chance(0.15) else NOTHING
    return build("{eat} {rest} {please} → {eat} {rest} {please}", eat=verb.command, rest=rest, please=please)


def prohibition(pick: Chooser) -> Part:
    """`don't eat the pizza → no comas la pizza`"""
    verb, rest = pick.doing(TU, "c", when.SOON)
    pattern = "don't₁ {eat} {rest} → no₁ {eat} {rest}"
    if pick.chance(0.12):
        pattern = "never₁ {eat} {rest} → nunca₁ {eat} {rest}"
    elif pick.chance(0.1):
        pattern = "please₂ ,₃ don't₁ {eat} {rest} → por₂ favor₂ ,₃ no₁ {eat} {rest}"
    return build(pattern, eat=verb.forbidden, rest=rest)


def several_commands(pick: Chooser) -> Part:
    """`wash the plates, clean the table and open the window → lava los platos, limpia la mesa y abre la
    ventana`"""
    steps = []
    for _ in range(pick.of((2, 3, 4, 5))):
        action = pick.action("c", adjective=0.1)
        steps.append(build("{do} {it} → {do} {it}", do=action.verb.command, it=action.thing.part))
    return listed(steps)


def listed(parts: list[Part]) -> Part:
    """`bread, milk and rice → pan, leche y arroz`"""
    *others, last = parts
    end = build("{a} and₁ {b} → {a} y₁ {b}", a=others.pop(), b=last)
    while others:
        end = build("{a} ,₁ {rest} → {a} ,₁ {rest}", a=others.pop(), rest=end)
    return end
