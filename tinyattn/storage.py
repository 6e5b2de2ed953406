"""Files that are there whole or not at all, and tensors in them that are the ones that were saved.

A checkpoint is a safetensors file (never pickle: loading one runs no code). Any safetensors program can read
it; a checksum in its metadata lets `load` notice a flipped bit, which the format itself does not.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

CHECKSUM = "tinyattn.sha256"  # its key in the metadata
_UNFINISHED = ".unfinished"  # how the names of files still being written end


class CheckpointError(ValueError):
    """A file of a run cannot be used: which file, what is wrong with it, what to do."""


# --- tensors ------------------------------------------------------------


def save(
    state_dict: Mapping[str, np.ndarray], path: str | os.PathLike, metadata: Mapping[str, str] | None = None
) -> None:
    """Write named arrays, and strings beside them, to a safetensors file; it is read back before it counts.

    Raises: TypeError for a name, array or metadata the format cannot hold; OSError when the disk refuses.
    """
    metadata = dict(metadata or {})
    for key, text in metadata.items():
        if not (isinstance(key, str) and isinstance(text, str)) or key == CHECKSUM:
            raise TypeError(f"save: metadata must be strings, and not {CHECKSUM!r}, got {key!r}: {text!r}")
    tensors = {name: _storable(name, array) for name, array in state_dict.items()}
    metadata[CHECKSUM] = _checksum(tensors, metadata)
    content = safetensors.numpy.save(tensors, metadata)
    # The checksum was taken from the arrays themselves, so loading the new file compares it with them.
    write_atomically(path, content, verify=load)


def load(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays that `save`, or any other safetensors program, wrote to `path`; writable, and owned by the
    caller.

    Raises: CheckpointError when the file is missing, empty, cut short, changed since it was saved, or of
    another kind.
    """
    return load_with_metadata(path)[0]


def load_with_metadata(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Like `load`, with the strings that were saved beside the arrays."""
    content = read_bytes(path, "a safetensors file", CheckpointError)
    try:
        tensors = {name: array.copy() for name, array in safetensors.numpy.load(content).items()}
    except safetensors.SafetensorError as error:
        raise CheckpointError(
            f"{path}: not a whole safetensors file ({error}): it was cut short, damaged, "
            "or is of another kind; use another checkpoint"
        ) from None
    except KeyError as error:
        raise CheckpointError(
            f"{path}: holds a tensor of type {error.args[0]}, unknown to NumPy: convert it to float32"
        ) from None
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    metadata = header.get("__metadata__", {})
    wanted = metadata.pop(CHECKSUM, None)
    if wanted is not None and wanted != _checksum(tensors, metadata):
        raise CheckpointError(
            f"{path}: its content does not match its checksum: it was damaged or edited after it was saved; "
            "use another checkpoint"
        )
    return tensors, metadata


def _storable(name: str, array: np.ndarray) -> np.ndarray:
    """The array as safetensors wants it: in C order (it writes others in silence as garbage) and
    little-endian."""
    if not isinstance(name, str) or name == "__metadata__":
        raise TypeError(f"save: names must be strings, and not '__metadata__', got {name!r}")
    # np.ascontiguousarray would do as well, if it did not turn a 0-d array into one of shape (1,).
    array = np.asarray(array, order="C")
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(f"save: {name}: wanted bool, integers or floats up to 64 bits, got {array.dtype}")
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _checksum(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(json.dumps([name, array.dtype.name, array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


# --- files --------------------------------------------------------------


def write_atomically(
    path: str | os.PathLike, content: bytes | str, verify: Callable[[Path], object] | None = None
) -> None:
    """Replace `path` by a file with this content (text as UTF-8): whoever looks, at any moment, after any
    crash, sees the old file or the new one, whole. `verify` may look at the new file first and refuse it by
    raising.

    Raises: OSError naming `path`.
    """
    path = Path(os.path.realpath(path))  # a link stays a link: the file it points to is replaced
    content = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(content)  # /dev/stdout and its kind cannot be replaced, only written to
            return
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if verify is not None:
                verify(temporary)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None


def remove_unfinished(folder: str | os.PathLike) -> None:
    """Remove what writers that were killed left in `folder`. Call it only where nobody else is writing."""
    for leftover in Path(folder).glob(f".*{_UNFINISHED}"):
        leftover.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Without this, a power cut after os.replace may bring the old name back."""
    if os.name != "posix":
        return  # Windows cannot open a folder, and needs no such call
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bytes(path: str | os.PathLike, wanted: str, error_type: type[ValueError] = CheckpointError) -> bytes:
    """The content of a file that must exist and hold something; anything else is an `error_type` that says
    so."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise error_type(f"{path}: no such file: wanted {wanted}; check the name") from None
    except IsADirectoryError:
        raise error_type(f"{path}: is a folder: wanted {wanted}; name a file in it") from None
    except OSError as error:
        raise error_type(f"{path}: cannot be read ({error.strerror}): wanted {wanted}") from None
    if not content:
        raise error_type(f"{path}: is empty: wanted {wanted}")
    return content


def read_json(path: str | os.PathLike, wanted: str) -> dict[str, Any]:
    """The object in a JSON file; empty for other JSON.

    Raises: CheckpointError when the file is missing, damaged or no JSON.
    """
    try:
        content = json.loads(read_text(path, f"{wanted} (JSON)"))
    except json.JSONDecodeError as error:
        raise CheckpointError(
            f"{path}, line {error.lineno}: not valid JSON ({error.msg}): the file was cut or edited; restore it"
        ) from None
    return content if isinstance(content, dict) else {}


def read_text(path: str | os.PathLike, wanted: str, error_type: type[ValueError] = CheckpointError) -> str:
    """Like `read_bytes`, as text: UTF-8, with or without a byte order mark; lines end as they do in the
    file."""
    content = read_bytes(path, wanted, error_type)
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line_start = content.rfind(b"\n", 0, error.start) + 1
        line = content.count(b"\n", 0, line_start) + 1
        raise error_type(
            f"{path}, line {line}, byte {error.start - line_start + 1} (byte {error.start + 1} of the file): "
            f"0x{content[error.start]:02x} is not UTF-8: wanted {wanted}; save the file as UTF-8"
        ) from None
