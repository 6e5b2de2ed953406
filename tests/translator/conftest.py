import pytest

PAIRS = [
    (f"{verb} the {noun}", f"{word} {thing}")
    for verb, word in (("eat", "come"), ("see", "mira"), ("take", "toma"), ("leave", "deja"))
    for noun, thing in (("pizza", "la pizza"), ("bread", "el pan"), ("soup", "la sopa"), ("rice", "el arroz"))
]


@pytest.fixture
def pairs():
    """Sixteen pairs that a tiny model learns."""
    return list(PAIRS)
