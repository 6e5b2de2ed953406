"""The tree of a beam search, as the page lists it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyattn.translator.search_tree import SearchTree

from ..labels import number, visible


def beam_data(tree: SearchTree | Mapping[str, Any]) -> dict[str, Any]:
    """tree: what `Translator.search_tree` gives, or the same as a dict.

    Raises: ValueError where it is no such tree.
    """
    if isinstance(tree, SearchTree):
        tree = tree.as_dict()
    try:
        branches, ends = tree["branches"], list(tree["hypotheses"])
        parents = [branch["parent"] for branch in branches]
        best: list[int] = []
        at = ends[0] if ends else None
        while at is not None:
            best.append(at)
            at = parents[at]
        return {
            "start": visible(tree["start"]),
            "about": f"The {tree['beam']} likeliest at each step go on. Numbers: scores, the higher the better.",
            "branches": [
                {
                    "number": branch["number"],
                    "parent": branch["parent"],
                    "token": visible(branch["token"]),
                    "score": number(branch["score"]),
                    "kept": bool(branch["kept"]),
                }
                for branch in branches
            ],
            "hypotheses": ends,
            "best": best,
        }
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"explorer: beam must be a tree as Translator.search_tree gives it, got something else ({error!r})"
        ) from None
