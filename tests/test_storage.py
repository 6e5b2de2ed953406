import os
import stat
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from tinyattn.storage import (
    CheckpointError,
    load,
    load_with_metadata,
    read_bytes,
    read_text,
    remove_unfinished,
    save,
    write_atomically,
)

STATE = {
    "weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "ids": np.array([1, -2], dtype=np.int64),
    "mask": np.array([True, False]),
    "scalar": np.array(2.5),
    "nothing": np.zeros((0, 4), np.float32),
}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype and one[name].shape == other[name].shape
        np.testing.assert_array_equal(one[name], other[name])


def test_what_was_saved_is_loaded(tmp_path):
    save(STATE, tmp_path / "x.safetensors", {"step": "7"})
    arrays, metadata = load_with_metadata(tmp_path / "x.safetensors")
    assert_same(arrays, STATE)
    assert metadata == {"step": "7"}
    arrays["weight"][0, 0] = 5  # writable


def test_any_layout_is_saved_as_its_values(tmp_path):
    x = np.arange(24, dtype=np.float64).reshape(2, 3, 4)
    views = {"transposed": x.T, "strided": x[:, ::2], "backwards": x[::-1], "fortran": np.asfortranarray(x[0]),
             "big-endian": x.astype(">f8")}
    save(views, tmp_path / "x")
    for name, array in load(tmp_path / "x").items():
        np.testing.assert_array_equal(array, views[name])


def test_other_programs_read_it_and_are_read(tmp_path):
    save({"w": STATE["weight"]}, tmp_path / "ours")
    np.testing.assert_array_equal(safetensors.numpy.load_file(tmp_path / "ours")["w"], STATE["weight"])
    safetensors.numpy.save_file({"w": STATE["weight"]}, tmp_path / "theirs")
    np.testing.assert_array_equal(load(tmp_path / "theirs")["w"], STATE["weight"])


@pytest.mark.parametrize("state, metadata", [
    ({"x": np.array(["text"])}, {}),
    ({"x": np.zeros(2, complex)}, {}),
    ({"__metadata__": np.zeros(2)}, {}),
    ({3: np.zeros(2)}, {}),
    ({"x": np.zeros(2)}, {"step": 7}),
    ({"x": np.zeros(2)}, {"tinyattn.sha256": "0"}),
])
def test_what_the_format_cannot_hold_is_refused(tmp_path, state, metadata):
    with pytest.raises(TypeError, match="save: "):
        save(state, tmp_path / "x", metadata)
    assert list(tmp_path.iterdir()) == []


def test_every_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "x"
    save({"w": STATE["weight"]}, path, {"a": "b"})
    whole = path.read_bytes()
    for k in range(len(whole)):
        path.write_bytes(whole[:k] + bytes([whole[k] ^ 0x10]) + whole[k + 1 :])
        try:
            arrays, metadata = load_with_metadata(path)
        except CheckpointError as error:
            assert str(path) in str(error)
        else:  # a flip that changes nothing, such as in the padding's spaces, may pass
            assert_same(arrays, {"w": STATE["weight"]})
            assert metadata["a"] == "b"


def test_every_cut_is_noticed(tmp_path):
    path = tmp_path / "x"
    save({"w": STATE["weight"]}, path)
    whole = path.read_bytes()
    for k in range(len(whole)):
        path.write_bytes(whole[:k])
        with pytest.raises(CheckpointError, match=r"cut short|is empty"):
            load(path)


@pytest.mark.parametrize("make, message", [
    (lambda path: None, "no such file"),
    (lambda path: path.mkdir(), "is a folder"),
    (lambda path: path.write_bytes(b""), "is empty"),
    (lambda path: path.write_bytes(b"PK\x03\x04 a zip file"), "not a whole safetensors file"),
])
def test_files_that_are_none(tmp_path, make, message):
    make(tmp_path / "x")
    with pytest.raises(CheckpointError, match=message):
        load(tmp_path / "x")


def test_a_type_numpy_does_not_know(tmp_path):
    header = b'{"w":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    (tmp_path / "x").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(CheckpointError, match="BF16"):
        load(tmp_path / "x")


def test_text_replaces_text_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "x"
    write_atomically(path, "old")
    write_atomically(path, "¡new!")
    assert path.read_bytes() == "¡new!".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "x"
    write_atomically(path, "old")

    def refuse(new):
        assert new.read_text() == "new"
        raise CheckpointError("no")

    with pytest.raises(CheckpointError):
        write_atomically(path, "new", verify=refuse)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "pipe", "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


def test_errors_name_the_file_that_was_wanted(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(tmp_path / "nowhere" / "x", "text")
    assert caught.value.filename == str(tmp_path / "nowhere" / "x")


def test_leftovers_are_removed(tmp_path):
    (tmp_path / ".x.0a1b2c3d.unfinished").write_text("half")
    (tmp_path / "x").write_text("whole")
    remove_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


def test_text_that_is_not_utf8_names_line_and_byte(tmp_path):
    path = tmp_path / "x"
    path.write_bytes("uno\ndós\nse".encode() + b"\xf1or\n")
    with pytest.raises(CheckpointError, match=r"x, line 3, byte 3 \(byte 12 of the file\): 0xf1 is not UTF-8"):
        read_text(path, "text")


def test_a_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfhola\r\n")
    assert read_text(tmp_path / "x", "text") == "hola\r\n"


def test_a_file_that_cannot_be_read(monkeypatch, tmp_path):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CheckpointError, match=r"secret: cannot be read \(Permission denied\): wanted a checkpoint"):
        read_bytes(tmp_path / "secret", "a checkpoint")
