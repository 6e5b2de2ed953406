import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyattn.text.words import Words

WORDS = Words()


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("let's go", ["let's", "go"]),
        ("¿Dónde está?", ["¿", "Dónde", "está", "?"]),
        ("¡Vamos, Tom!", ["¡", "Vamos", ",", "Tom", "!"]),
        ("l’été", ["l’été"]),
        ("twenty-one", ["twenty-one"]),
        ("At 10:30 it was 3.5.", ["At", "10:30", "it", "was", "3.5", "."]),
        ("5 p.m. in EE.UU.", ["5", "p.m.", "in", "EE.UU."]),
        ("Well...", ["Well", "..."]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("😀ok", ["😀", "ok"]),
        ("a  \u3000b", ["a", "b"]),
        ("ok👩‍👩‍👧 🇫🇷🇩🇪👍🏽", ["ok", "👩‍👩‍👧", "🇫🇷", "🇩🇪", "👍🏽"]),
        ("我用iPhone，3.5元", ["我", "用", "iPhone", "，", "3.5", "元"]),
        ("東京タワーへ行きました", ["東", "京", "タワー", "へ", "行", "き", "ま", "し", "た"]),
        ("きょう　も", ["きょ", "う", "　", "も"]),
        ("สวัสดี ผม", ["ส", "วั", "ส", "ดี", " ", "ผ", "ม"]),
        ("ສະບາຍດີ", ["ສະ", "ບາ", "ຍ", "ດີ"]),
        ("ខ្ញុំស្រឡាញ់", ["ខ្ញុំ", "ស្រ", "ឡា", "ញ់"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("", []),
        (" ", []),
    ],
)
def test_words(text, tokens):
    assert WORDS.cut(text) == tokens
    assert [token for part in WORDS.parts(text) for token in WORDS.cut(part)] == tokens


@pytest.mark.parametrize(
    "text",
    [
        "Don't eat the pizza!",
        "¿Dónde está el museo, Ana?",
        "¡Vamos!",
        '"No," he said, "not (yet)."',
        "«Sí», dijo.",
        "“Go home”, she said.",
        "It costs $5, or 5 € (100% cash).",
        "Tom’s friends’ house; the dogs' food.",
        "The word 'bone', and 'dog'.",
        "and/or",
        "Wait... what?",
        "एक हिन्दी वाक्य",
        "snake_case",
        "我爱你，Tom。",
        "New Yorkは5分です。",
        "สวัสดีครับ ผมชื่อ",
    ],
)
def test_words_come_back_as_they_were_written(text):
    assert WORDS.join(WORDS.cut(text)) == text


@pytest.mark.parametrize("sentences, others", [
    (["Ça va ?", "Oui !", "« Non », dit-il.", "Il dit : « Viens ! »"], ["Va-t-il ?", "« Oui ! »"]),
    (["Oui\u202f!", "Non\u202f!"], ["Viens\u202f!"]),
    (["„Komm“, sagte er.", "Er sagte: „Nein.“", "Das ist „gut“ und „neu“."], ["„Nein“, sagte „er“."]),
    (["Cuesta 5 %.", "Son 20 %."], ["Es 1 %."]),
    (["He said:“No”."], ["I said:“Yes”."]),
])
def test_spaces_as_the_training_text_has_them(sentences, others):
    words = Words.learn(sentences)
    assert words.gaps
    for text in [*sentences, *others]:
        assert words.join(words.cut(text)) == text


def test_what_is_as_usual_is_not_learned():
    assert Words.learn(["Don't go, Tom.", "¿Qué?", '"No," he said.']).gaps == {}
    assert Words.learn([]).gaps == {}


def test_what_is_most_frequent_is_learned():
    assert Words.learn(["a +b", "a +c", "a + d"]).gaps == {("+", "w"): ""}


@given(st.text())
def test_words_lose_nothing_but_space(text):
    tokens = WORDS.cut(text)
    assert "".join("".join(tokens).split()) == "".join(text.split())
    assert "".join(WORDS.join(tokens).split()) == "".join(text.split())
    learned = Words.learn([text])
    assert "".join(learned.join(learned.cut(text)).split()) == "".join(text.split())
