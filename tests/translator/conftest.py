import os
from contextlib import nullcontext

import pytest

import tinyattn as ta

PAIRS = [
    (f"{verb} the {noun}", f"{word} {thing}")
    for verb, word in (("eat", "come"), ("see", "mira"), ("take", "toma"), ("leave", "deja"))
    for noun, thing in (("pizza", "la pizza"), ("bread", "el pan"), ("soup", "la sopa"), ("rice", "el arroz"))
]


@pytest.fixture
def pairs():
    """Sixteen pairs that a tiny model learns."""
    return list(PAIRS)


@pytest.fixture(autouse=True, scope="module")
def nothing_in_python_loops():
    """Without a compiler these models would train for minutes: kernels have their own tests, on smaller shapes."""
    with ta.kernels("numpy") if os.environ.get("NUMBA_DISABLE_JIT") == "1" else nullcontext():
        yield
