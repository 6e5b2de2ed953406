import pytest

from tinyattn.text.pairs import (
    DataError,
    clean_pairs,
    clean_text,
    format_pairs,
    hold_out,
    read_pairs,
    spread,
    write_pairs,
)


def read(tmp_path, content, **options):
    path = tmp_path / "data.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_pairs(path, **options)


def test_a_pair_a_line(tmp_path):
    found = read(tmp_path, "go\tvamos\nlet's go\t¡vamos!\n")
    assert found.pairs == [("go", "vamos"), ("let's go", "¡vamos!")]
    assert found.lines == [1, 2] and found.alignments is None
    assert str(found.report).endswith("data.tsv: 2 pairs from 2 lines")


@pytest.mark.parametrize("content", [
    'he said "no\tdijo "no\nNA\tNA\n',  # quotes are plain text, "NA" is a sentence
    "a\u2028b\x20c\td\u2029e\nx\ty\n",  # only a line feed ends a line
    "a\tb\nc\td",  # the last line feed may be missing
    "\ufeffa\tb\r\nc\td\r\n",  # a byte order mark, and the line ends of Windows
])
def test_nothing_is_guessed(tmp_path, content):
    found = read(tmp_path, content)
    lines = content.removeprefix("\ufeff").replace("\r", "").rstrip("\n").split("\n")
    assert found.pairs == [tuple(line.split("\t")) for line in lines]


def test_what_is_no_pair_is_dropped_and_counted(tmp_path):
    found = read(tmp_path, "a\tb\nalone\n \tb\na\t\u200b\n\na\x07\tb\nalone\nalone\nalone\nc\td\n")
    assert found.pairs == [("a", "b"), ("c", "d")] and found.lines == [1, 10]
    text = str(found.report)
    assert "2 pairs from 10 lines" in text
    assert "dropped 4 with one column (lines 2, 7, 8, ...)" in text
    assert "dropped 2 with a blank side (lines 3, 4)" in text
    assert "dropped 1 with nothing on the line (line 5)" in text
    assert "dropped 1 with control characters (line 6)" in text


def test_the_same_pair_again_is_kept_and_counted(tmp_path):
    found = read(tmp_path, "a\tb\na\tc\n a\tb\na\tb\n")
    assert len(found.pairs) == 4 and "kept 2 with the same pair on an earlier line (lines 3, 4)" in str(found.report)
    assert found.report.as_dict()["remarks"] == {
        "the same pair on an earlier line": {"count": 2, "first_lines": [3, 4]}}


def test_a_carriage_return_inside_is_a_control_character(tmp_path):
    assert read(tmp_path, "a\rb\tc\na\tb\n").report.dropped["control characters"].count == 1


def test_strict_refuses_them(tmp_path):
    with pytest.raises(DataError, match=r"data.tsv, line 2: some lines are no pair: .* 1 with one column \(line 2\)"):
        read(tmp_path, "a\tb\nalone\n", strict=True)
    assert len(read(tmp_path, "a\tb\n", strict=True).pairs) == 1


def test_further_columns_are_said_once(tmp_path):
    found = read(tmp_path, "a\tb\tc\nd\te\tf\tg\n")
    assert found.pairs == [("a", "b"), ("d", "e")]
    assert str(found.report).count("after the second") == 1
    assert "kept 2 with the columns after the second ignored (lines 1, 2)" in str(found.report)


def test_alignments(tmp_path):
    found = read(tmp_path, "a b\tc d\t0-1 1-0\na\tb\na\tb\tnone\na\tb\t0-0\tmore\n", alignments=True)
    assert found.alignments == [((0, 1), (1, 0)), None, None, ((0, 0),)]
    assert "after the second ignored (line 3)" in str(found.report)
    assert "after the third ignored (line 4)" in str(found.report)


@pytest.mark.parametrize("content, message", [
    (b"", "is empty"),
    (b"a\tb\nse\xf1or\tx\n", r"data.tsv, line 2, byte 3 \(byte 7 of the file\): 0xf1 is not UTF-8"),
    ("a\tb\n".encode("utf-16"), "is not UTF-8"),
    (b"alone\nalone\n", "line 1: no line is a pair: .* put a tab between the sides"),
])
def test_files_that_cannot_be_used(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_pairs(tmp_path / "nowhere.tsv")


def test_pairs_in_memory_follow_the_same_rules():
    found = clean_pairs([("a", "b"), ["c ", "cafe\u0301"], ("", "x")])
    assert found.pairs == [("a", "b"), ("c", "café")]
    assert found.report.dropped["a blank side"].first_lines == [3]
    with pytest.raises(DataError, match="no pair at all"):
        clean_pairs([])


@pytest.mark.parametrize("item", ["ab", ("a", 3), None])
def test_pairs_in_memory_that_are_none(item):
    with pytest.raises(TypeError, match=r"pairs: item 1: wanted \(source, target\)"):
        clean_pairs([("a", "b"), item])


def test_clean_text_composes():
    assert clean_text(" e\u0301 ") == "é"


def test_held_out_by_source():
    pairs = [(f"s{k % 100}", f"t{k}") for k in range(300)]
    train, dev = hold_out(pairs, seed=1)
    assert len(dev) == 15 and len({source for source, _ in dev}) == 5
    assert not {source for source, _ in train} & {source for source, _ in dev}
    assert sorted(train + dev) == sorted(pairs)
    assert hold_out(pairs, seed=1) == (train, dev) != hold_out(pairs, seed=2)


@pytest.mark.parametrize("sources, held_out", [(1, 0), (2, 1), (10, 1), (30_000, 1_000)])
def test_how_many_are_held_out(sources, held_out):
    train, dev = hold_out([(str(k), "x") for k in range(sources)], seed=1)
    assert (len(dev), len(train)) == (held_out, sources - held_out)


def test_what_is_written_is_read(tmp_path):
    pairs = [('"a', "ñ"), ("b c", "d")]
    write_pairs(tmp_path / "x", pairs, [((0, 0),), ((0, 0), (1, 0))])
    found = read_pairs(tmp_path / "x", alignments=True)
    assert found.pairs == pairs and found.alignments == [((0, 0),), ((0, 0), (1, 0))]


@pytest.mark.parametrize("pair", [("a\tb", "c"), ("a", "b\nc"), ("", "a"), ("a", "\ud800")])
def test_what_could_not_be_read_is_not_written(pair):
    with pytest.raises(DataError, match="pair 0: cannot be written"):
        format_pairs([pair])


@pytest.mark.parametrize("count, most, step", [(0, 3, 1), (3, 3, 1), (4, 3, 2), (9, 3, 3), (10, 3, 4)])
def test_sentences_evenly_spread(count, most, step):
    sentences = [str(k) for k in range(count)]
    found = spread(sentences, most)
    assert found == sentences[::step] and len(found) <= most
