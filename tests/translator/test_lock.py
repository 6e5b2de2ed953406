import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinyattn.storage import CheckpointError
from tinyattn.translator.lock import Lock

INSIDE = "import sys, pathlib; from tinyattn.translator.lock import Lock\n" \
         "with Lock(pathlib.Path(sys.argv[1])): print('in', flush=True); sys.stdin.read()"


@pytest.fixture
def other(tmp_path):
    """Another process inside."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, "-c", INSIDE, tmp_path / "run"], env=environment, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "in\n"
    yield process
    process.kill()
    process.communicate()


def test_one_at_a_time(tmp_path, other):
    with pytest.raises(CheckpointError, match=rf"run: another process \({other.pid}\) is training here: wait until it has "
                       "ended, or choose another folder"), Lock(tmp_path / "run"):
        pass
    (tmp_path / "run" / "something").touch()
    other.communicate("")
    assert not (tmp_path / "run" / ".lock").exists()
    with Lock(tmp_path / "run"):
        assert (tmp_path / "run" / ".lock").read_text() == str(os.getpid())


def test_who_was_killed_locks_nobody_out(tmp_path, other):
    other.kill()
    other.wait()
    assert (tmp_path / "run" / ".lock").exists()
    with Lock(tmp_path / "run"):
        assert (tmp_path / "run" / ".lock").read_text() == str(os.getpid())


def test_a_file_removed_meanwhile_is_no_lock(tmp_path, monkeypatch):
    """Between opening it and locking it its owner left, and took it along."""
    from tinyattn.translator import lock as module

    seize, calls = module.seize, []

    def late(file):
        calls.append(file)
        if len(calls) == 1:
            (tmp_path / ".lock").unlink()
        seize(file)

    monkeypatch.setattr(module, "seize", late)
    with Lock(tmp_path) as lock:
        assert len(calls) == 2 and lock.still_there()


def test_a_folder_that_nothing_came_of_goes_again(tmp_path):
    with Lock(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
    assert not (tmp_path / "new").exists()
    with Lock(tmp_path / "new"):
        (tmp_path / "new" / "result").touch()
    assert (tmp_path / "new" / "result").exists()
    (tmp_path / "old").mkdir()
    with Lock(tmp_path / "old"):
        pass
    assert (tmp_path / "old").exists()
