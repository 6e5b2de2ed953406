"""The capital at a sentence's beginning, which says nothing of the word: taken away before a text is cut, and put back
where it is written.

"The" at the beginning and "the" elsewhere are one word; a model that has to learn them apart knows both less well. But
"Tom" and "I" stay as they are: a word loses its capital only where elsewhere in the training text its most frequent
form has none. Where sentences begin is learned too, as what stands before the word: nothing, "¿", '. "' and so on,
wherever nearly all ordinary words have a capital there. After anything else, and in a text without capitals, nothing
changes.
Source: the truecaser of Moses, Koehn et al. 2007, after Lita et al. 2003, "tRuEcasIng"
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from tinyattn.text.characters import MARKS
from tinyattn.text.pairs import spread

_NEARLY_ALL = 0.9
_MOST_SENTENCES = 200_000  # from so many cases are learned; more change little
_START = "^"  # stands for the beginning of the text in what is before a word
_WORD = rf"[^\W_](?:[\w{MARKS}]|['’\-‑](?=\w))*"  # as words.py has it, near enough
_WORDS = re.compile(_WORD)
_FIRST = re.compile(rf"([\W_]*)({_WORD})")
# What ends a sentence, but for the points of "p.m." and "EE.UU.", and what may stand before the first word of the next.
_END = re.compile(r"[.!?…:;]")
_NEXT = re.compile(rf"([.!?…:;](?<!\b\w.)(?<!\.\w\w.)[\W_]*)({_WORD})")


class Cases:
    """Takes capitals from beginnings of sentences, and puts them back.

    forms: for a word in lower case the form it has most often within sentences: "the", "Tom" for tom
    beginnings: what stands before words that begin sentences, "^" being the beginning of the text
    """

    def __init__(self, forms: Iterable[str], beginnings: Iterable[str]) -> None:
        self.forms = {form.lower(): form for form in forms}
        self.beginnings = frozenset(beginnings)
        # What texts of one sentence begin with up to the first space, and what becomes of it.
        self._lowered: dict[str, str] = {}
        self._raised: dict[str, str] = {}

    @classmethod
    def learn(cls, sentences: Sequence[str]) -> Cases | None:
        """The cases of these sentences; None where no sentence begins with a capital that says nothing."""
        sentences = spread(sentences, _MOST_SENTENCES)
        chunks, first = Counter(chain.from_iterable(map(str.split, sentences))), Counter[tuple[str, str]]()
        for text in sentences:
            if found := _FIRST.match(text):
                first[_START + _signs(found[1]), found[2]] += 1
                if _END.search(text, found.end(), len(text) - 1):
                    first.update((_signs(before), word) for before, word in _NEXT.findall(text, found.end()))
        within = Counter[str]()
        for chunk, count in chunks.items():
            for word in _WORDS.findall(chunk):
                within[word] += count
        for (_, word), count in first.items():
            within[word] -= count
        forms: dict[str, str] = {}
        for word, count in within.most_common():
            if count > 0:
                forms.setdefault(word.lower(), word)

        with_capital, all_words = Counter[str](), Counter[str]()
        for (before, word), count in first.items():
            if forms.get(word.lower(), "").islower():  # an ordinary word
                all_words[before] += count
                with_capital[before] += count * (word == _capital(word))
        beginnings = [before for before, count in all_words.items() if with_capital[before] >= _NEARLY_ALL * count]
        return cls(forms.values(), beginnings) if beginnings else None

    def lower(self, text: str) -> str:
        """The text with ordinary words in lower case where they begin a sentence. A text all in capitals loses them
        but for those that its words have within sentences."""
        if text.isupper() and len(_WORDS.findall(text)) > 1:
            return _WORDS.sub(lambda word: self.forms.get(word[0].lower(), word[0].lower()), text)
        return self._quickly(text, self._lowered_word, self._lowered)

    def raised(self, text: str) -> str:
        """The text with capitals where sentences begin."""
        return self._quickly(text, _capital, self._raised)

    def _lowered_word(self, word: str) -> str:
        form = self.forms.get(word.lower(), word)
        return form if _capital(form) == word else word  # only a capital that will be put back is taken away

    def _quickly(self, text: str, change: Callable[[str], str], known: dict[str, str]) -> str:
        """`_changed`, from what is known of the text's beginning where that is all that counts."""
        if _END.search(text, 0, len(text) - 1):
            return self._changed(text, change)
        head, space, rest = text.partition(" ")
        changed = known.get(head)
        if changed is None:
            if not _WORDS.search(head):
                return self._changed(text, change)
            changed = known[head] = self._changed(head, change)
        return changed + space + rest

    def _changed(self, text: str, change: Callable[[str], str]) -> str:
        """The text with another word where a sentence begins."""
        first = _FIRST.match(text)
        if not first:
            return text
        before, word = first.groups()
        # What never stood at the beginning of a text, such as two brackets, is as good as what did.
        begins = _START + _signs(before) in self.beginnings or _START in self.beginnings
        rest = text[first.end() :]
        if _END.search(rest, 0, len(rest) - 1):
            rest = _NEXT.sub(
                lambda next: next[1] + change(next[2]) if _signs(next[1]) in self.beginnings else next[0], rest)
        return before + (change(word) if begins else word) + rest

    # --- on disk ---

    def as_dict(self) -> dict[str, Sequence[str]]:
        return {"forms": sorted(self.forms.values()), "beginnings": sorted(self.beginnings)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Sequence[str]]) -> Cases:
        return cls(content["forms"], content["beginnings"])


def _signs(before: str) -> str:
    """What stands before a word, however wide its spaces: "No. Yes" begins a sentence, "No.1" does not."""
    signs = "".join(before.split())
    return signs if len(signs) == len(before) else signs + " "


def _capital(word: str) -> str:
    """With a capital, unless it has one after the first letter, as "iPhone", or none in Unicode, as "ß"."""
    capital = word[:1].upper()
    return word if len(capital) != 1 or word[1:2].isupper() else capital + word[1:]
