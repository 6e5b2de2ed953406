import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyattn.text.cases import Cases

SENTENCES = [
    "The dog sees Tom.", "Tom sees the dog.", "I see the dog, and I see Tom. The dog sees me.", "Do you see him?",
    "What do you see?", '"The dog," he said. "What?"', "And what? And he?", "No.1 is the dog.", "iPhone and iPhone.",
    "At 5 p.m. he sees the dog.", "My USA, my USA.", "Do I see you; do you see me?", "He sees Tom (the dog).",
    "You see: no dog.", "And so: no Tom.",
]
CASES = Cases.learn(SENTENCES)


@pytest.mark.parametrize("text, lowered", [
    ("The dog.", "the dog."),
    ("Tom sees the dog.", "Tom sees the dog."),  # a name keeps its capital, and so does "I"
    ("I see. The dog sees.", "I see. the dog sees."),
    ('"The dog," he said.', '"the dog," he said.'),
    ("(The dog)", "(the dog)"),  # never stood there, but that is the beginning of the text
    ("Xylophones see the dog.", "Xylophones see the dog."),  # who knows?
    ("iPhone sees.", "iPhone sees."),
    ("the dog", "the dog"),
    ("You see: The dog.", "you see: The dog."),  # after a colon there are no capitals
    ("Do you? What?", "do you? what?"),
    ("5 p.m. The dog.", "5 p.m. The dog."),
    ("DO YOU SEE TOM IN THE USA?", "do you see Tom in the USA?"),  # all in capitals
    ("TOM!", "TOM!"),
    ("", ""), ("?", "?"),
])
def test_only_the_capital_of_a_beginning_goes(text, lowered):
    assert CASES.lower(text) == lowered


@pytest.mark.parametrize("text", SENTENCES)
def test_it_comes_back(text):
    assert CASES.raised(CASES.lower(text)) == text


@pytest.mark.parametrize("text, raised", [
    ("the dog. do you?", "The dog. Do you?"),
    ('"the dog," he said. tom!', '"The dog," he said. Tom!'),
    ("no.1", "No.1"),
    ("iPhone", "iPhone"),
    ("5 p.m. he", "5 p.m. he"),
    ("ßa", "ßa"),
])
def test_capitals_where_sentences_begin(text, raised):
    assert CASES.raised(text) == raised


def test_spanish():
    cases = Cases.learn(["¿Qué ves?", "No ves nada. ¿Qué ves?", "¡No ves qué!", "Tom no ves, ¿qué?", "Y tú ves."])
    assert cases.lower("¿Qué no? ¡No! Tom, ¿qué?") == "¿qué no? ¡No! Tom, ¿qué?"
    assert cases.raised("¿qué ves? ves. ¿qué?") == "¿Qué ves? ves. ¿Qué?"


@pytest.mark.parametrize("sentences", [
    [], ["the dog. the cat."], ["Der Hund", "Die Katze"], ["the dog", "The dog", "a dog, the dog"], ["我爱你。"],
])
def test_texts_in_which_a_capital_says_nothing_of_sentences(sentences):
    assert Cases.learn(sentences) is None


def test_as_written():
    assert Cases.from_dict(CASES.as_dict()).as_dict() == CASES.as_dict()


@given(st.text())
def test_any_text(text):
    assert len(CASES.raised(CASES.lower(text)).lower()) == len(text.lower())
    learned = Cases.learn([text, text + ". " + text])
    if learned is not None:
        learned.raised(learned.lower(text))
