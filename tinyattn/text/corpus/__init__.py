"""The bundled phrase corpus: English sentences with their Spanish, word alignments and constructions.

A small grammar makes the sentences, and everyday phrases written by hand stand among them. An English
sentence has one Spanish one, so a model can be asked for exactly that. Everything is lower case and without
a final full stop, as in the video: `let's go → vamos`.

How it divides: training has every word and every construction the test asks for; about a fifth of the dev
and test sentences have a verb with a noun that training never shows together (see `held_out_combinations`).
"""

from tinyattn.text.corpus.corpus import CORPUS_SIZE, SPLITS, Phrase, held_out_combinations, phrase_corpus

__all__ = ["CORPUS_SIZE", "SPLITS", "Phrase", "held_out_combinations", "phrase_corpus"]
