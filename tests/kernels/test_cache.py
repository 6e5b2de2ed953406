"""The cache of compiled kernels: what it is keyed by, damage, folders that cannot be used, several processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tinyattn.kernels import cache
from tinyattn.kernels.compile import tell_when_compiling

SOURCE = "@kernel\ndef f(x):\n    return x + 1\n"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def compiled(module, name, source, argument=1):
    """Which kernels are compiled, not loaded, by a call of f in a new module; and what f gives."""
    heard = []
    with tell_when_compiling(heard.append):
        y = module(name, source).f(argument)
    return heard, y


def files(folder):
    return sorted(path for path in folder.iterdir() if path.name != "lock")


def test_the_second_time_it_is_loaded(module, folder):
    assert compiled(module, "one", SOURCE) == (["f"], 2)
    assert compiled(module, "one", SOURCE) == ([], 2)
    assert compiled(module, "one", SOURCE, 1.5) == (["f"], 2.5)
    assert len(files(folder)) == 2
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.name.startswith("one.f-") for path in files(folder))


def test_a_change_in_the_kernel_is_seen(module):
    assert compiled(module, "one", SOURCE) == (["f"], 2)
    assert compiled(module, "one", SOURCE.replace("1", "5")) == (["f"], 6)
    assert compiled(module, "one", SOURCE) == ([], 2)


def test_a_change_in_a_kernel_or_number_of_another_file_is_seen(module):
    outer = "from inner import g, OFFSET\n@kernel\ndef f(x):\n    return g(x) + OFFSET\n"
    innermost, inner = "@kernel\ndef h(x):\n    return 10 * x\n", "from innermost import h\nOFFSET = 1\n"
    inner += "@kernel\ndef g(x):\n    return h(x)\n"
    module("innermost", innermost)
    module("inner", inner)
    assert compiled(module, "outer", outer) == (["f", "g", "h"], 11)
    module("innermost", innermost)
    module("inner", inner)
    assert compiled(module, "outer", outer) == ([], 11)
    module("innermost", innermost.replace("10", "20"))
    module("inner", inner)
    assert compiled(module, "outer", outer) == (["f", "g", "h"], 21)
    module("constant", "OFFSET = 7\n")
    other = outer.replace("import g, OFFSET", "import g\nfrom constant import OFFSET")
    assert compiled(module, "outer", other)[1] == 27
    module("constant", "OFFSET = 8\n")
    assert compiled(module, "outer", other) == (["f"], 28)


def test_the_environment_is_part_of_the_key(module, monkeypatch):
    compiled(module, "one", SOURCE)
    monkeypatch.setattr(cache, "environment", lambda: ["another CPU"])
    assert compiled(module, "one", SOURCE) == (["f"], 2)


@pytest.mark.parametrize("damage", [
    lambda content: b"",
    lambda content: content[:20],
    lambda content: content[: len(content) // 2],
    lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
    lambda content: bytes([content[0] ^ 1]) + content[1:],
], ids=["empty", "short", "half", "a flipped bit", "a flipped bit of the checksum"])
def test_a_damaged_file_is_made_anew(module, folder, capfd, damage):
    compiled(module, "one", SOURCE)
    (path,) = files(folder)
    path.write_bytes(damage(path.read_bytes()))
    assert compiled(module, "one", SOURCE) == (["f"], 2)
    assert compiled(module, "one", SOURCE) == ([], 2)
    assert capfd.readouterr().err == ""


def test_a_file_that_only_looks_right_is_not_used(module, folder, capfd):
    compiled(module, "one", SOURCE)
    (path,) = files(folder)
    path.write_bytes(cache.hashlib.sha256(b"junk").digest() + b"junk")
    assert compiled(module, "one", SOURCE) == (["f"], 2)
    assert capfd.readouterr().err.count("\n") == 1


def test_a_folder_that_cannot_be_made(module, tmp_path, monkeypatch, capfd):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TINYATTN_CACHE", str(tmp_path / "file" / "cache"))
    assert compiled(module, "one", SOURCE) == (["f"], 2)
    assert compiled(module, "two", SOURCE) == (["f"], 2)
    message = capfd.readouterr().err
    assert message.startswith("tinyattn: compiled kernels are not kept (") and message.count("\n") == 1
    assert "set TINYATTN_CACHE" in message


def test_a_folder_that_others_can_write_to(module, folder, capfd):
    folder.mkdir()
    folder.chmod(0o777)
    assert compiled(module, "one", SOURCE) == (["f"], 2)
    assert files(folder) == []
    assert f"others can write to {folder}" in capfd.readouterr().err


def test_a_full_disk(module, folder, monkeypatch, capfd):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "write_atomically", full)
    assert compiled(module, "one", SOURCE) == (["f"], 2)
    assert "No space left on device" in capfd.readouterr().err


def test_a_file_system_without_locks(module, monkeypatch, capfd):
    class WithoutLocks:
        LOCK_EX = 2

        @staticmethod
        def flock(file, operation):
            raise OSError(95, "Operation not supported")

    monkeypatch.setattr(cache, "fcntl", WithoutLocks)
    assert compiled(module, "one", SOURCE) == (["f"], 2)
    assert compiled(module, "one", SOURCE) == ([], 2)
    assert "Operation not supported" in capfd.readouterr().err


def test_a_kernel_without_a_file_is_compiled_and_not_kept(module, folder):
    made = module("one", "")
    exec(SOURCE, made.__dict__)
    assert made.f(1) == 2
    assert not folder.exists()


def test_what_is_not_loaded_any_more_goes(module, folder):
    for name in ("one", "two"):
        compiled(module, name, SOURCE)
    one, two = files(folder)
    not_ours, unfinished = folder / "thesis.kernel", folder / f".{one.name}.ab12.unfinished"
    for path in (not_ours, unfinished):
        path.write_text("")
    for path in (one, two, not_ours, unfinished):
        os.utime(path, (time.time() - cache.KEEP - 60,) * 2)
    assert compiled(module, "two", SOURCE) == ([], 2)  # that makes it new again
    assert compiled(module, "three", SOURCE) == (["f"], 2)
    assert [path.name.split("-")[0] for path in files(folder)] == ["thesis.kernel", "three.f", "two.f"]


def test_which_folder(monkeypatch):
    monkeypatch.setenv("TINYATTN_CACHE", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    monkeypatch.setenv("HOME", "/c")
    assert cache.cache_folder() == Path("/a")
    monkeypatch.setenv("TINYATTN_CACHE", "")
    assert cache.cache_folder() == Path("/b/tinyattn")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == Path("/c/.cache/tinyattn")


RACE = """
import numpy as np
from tinyattn.kernels.compile import tell_when_compiling
heard = []
with tell_when_compiling(heard.append):
    import racing
    assert racing.f(1) == 21 and racing.g(2) == 20
print(*heard)
"""


def test_eight_processes_at_once(module, tmp_path, folder):
    source = "@kernel\ndef g(x):\n    return 10 * x\n@kernel\ndef f(x):\n    return g(x) + g(x) + 1\n"
    module("racing", source)
    path = os.pathsep.join([str(tmp_path), str(Path(cache.__file__).parents[2])])
    running = [subprocess.Popen([sys.executable, "-c", RACE], env={**os.environ, "PYTHONPATH": path}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    results = [process.communicate(timeout=120) for process in running]
    assert [error for _, error in results if error] == []
    assert sorted(name for output, _ in results for name in output.split()) == ["f", "g"]
    assert len(files(folder)) == 2


SAME_BITS = """
import hashlib
import tinyattn as ta
ta.manual_seed(0)
model = ta.nn.LSTM(48, 64, batch_first=True)
x = ta.randn(16, 12, 48, requires_grad=True)
hs, _ = model(x)
ta.nn.functional.cross_entropy(hs.reshape(-1, 64), ta.randint(64, (16 * 12,))).backward()
digest = hashlib.sha256(hs.array.tobytes())
for tensor in (x, *model.parameters()):
    digest.update(tensor.grad.array.tobytes())
print(digest.hexdigest())
"""


def test_compiled_now_or_loaded_the_results_are_the_same_bits(tmp_path):
    root = Path(__file__).parents[2]
    environment = {**os.environ, "TINYATTN_CACHE": str(tmp_path / "kernels"), "PYTHONPATH": str(root)}
    for name in ("NUMBA_DISABLE_JIT", "TINYATTN_KERNELS"):
        environment.pop(name, None)
    results = [subprocess.run([sys.executable, "-c", SAME_BITS], env=environment, capture_output=True, text=True,
                              check=True).stdout for _ in range(2)]
    assert results[0] == results[1] and len(results[0]) > 60
