"""Threads: how many, which rows each gets, errors, forks."""

import os
import subprocess
import sys
import threading

import pytest
import threadpoolctl

from tinyattn.kernels import threads
from tinyattn.kernels.threads import get_num_threads, over_rows, set_num_threads


@pytest.fixture(autouse=True)
def restored():
    before = get_num_threads()
    yield
    set_num_threads(before)


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setattr(threads, "_threads", None)
    for name in ("TINYATTN_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def blocks(count, rows, at_least=1):
    set_num_threads(count)
    found = []
    over_rows(lambda start, stop: found.append((start, stop)), rows, at_least)
    return sorted(found)


def test_blocks_are_all_rows_once():
    for count in (1, 2, 3, 7):
        for rows in range(20):
            for at_least in (0, 1, 3):
                found = blocks(count, rows, at_least)
                assert [row for start, stop in found for row in range(start, stop)] == list(range(rows))
                assert len(found) <= count
                assert len(found) == 1 or min(stop - start for start, stop in found) >= at_least
    assert blocks(3, 10) == [(0, 3), (3, 6), (6, 10)]


def test_blocks_run_at_once_and_the_caller_takes_part():
    set_num_threads(3)
    together, names = threading.Barrier(3, timeout=10), []

    def work(start, stop):
        names.append(threading.current_thread())
        together.wait()

    over_rows(work, 3)
    assert len(set(names)) == 3 and threading.current_thread() in names


def test_blocks_inside_a_block_do_not_wait_for_each_other():
    set_num_threads(2)
    found = []
    over_rows(lambda *outer: over_rows(lambda *inner: found.append((outer, inner)), 4), 4)
    assert sorted(found) == [((0, 2), (0, 4)), ((2, 4), (0, 4))]


@pytest.mark.parametrize("bad", [0, 1])
def test_an_error_in_any_block_arrives_when_all_have_ended(bad):
    set_num_threads(2)
    ended = []

    def work(start, stop):
        if start == bad:
            raise KeyError(start)
        ended.append(start)

    with pytest.raises(KeyError):
        over_rows(work, 2)
    assert ended == [1 - bad]
    assert blocks(2, 2) == [(0, 1), (1, 2)]


def test_number_from_the_environment(environment):
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert get_num_threads() == available
    for own, others, wanted in [("3", "5", 3), ("", "5", 5), ("", "4,2", 4), ("", "many", available)]:
        environment.setattr(threads, "_threads", None)
        environment.setenv("TINYATTN_THREADS", own)
        environment.setenv("OMP_NUM_THREADS", others)
        assert get_num_threads() == wanted


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_in_the_environment(environment, text):
    environment.setenv("TINYATTN_THREADS", text)
    with pytest.raises(ValueError, match=f"TINYATTN_THREADS: wanted a whole number from 1 on, got '{text}'"):
        get_num_threads()


def test_set_num_threads():
    set_num_threads(5)
    assert get_num_threads() == 5
    for wrong, error in ((0, ValueError), (-2, ValueError), (1.0, TypeError), (True, TypeError), ("2", TypeError)):
        with pytest.raises(error, match="set_num_threads: wanted"):
            set_num_threads(wrong)
    assert get_num_threads() == 5


FORK = """
import os, sys, warnings
from tinyattn.kernels.threads import over_rows, set_num_threads
warnings.simplefilter("ignore")  # newer Pythons warn of any fork of a process with threads
set_num_threads(2)
over_rows(lambda start, stop: None, 2)
child = os.fork()
rows = []
over_rows(lambda start, stop: rows.append(start), 2)
if child == 0:
    os._exit(len(rows))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(rows))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own():
    result = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == ["2", "2"]


def test_numpys_blas_is_kept_to_one_thread():
    get_num_threads()
    libraries = [library for library in threadpoolctl.threadpool_info() if "numpy" in library["filepath"]]
    assert all(library["num_threads"] == 1 for library in libraries if library["user_api"] == "blas")
