"""Memory that is used again: counted by the pages that the system has to hand out."""

import platform
import subprocess
import sys

import pytest

from tinyattn.kernels import memory

PAGES = """
import resource
import numpy as np
import tinyattn as ta

def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        [np.ones(1 << 20, np.float32) for _ in range(5)]  # 5 times 1024 pages of 4 KB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

ta.get_num_threads()
pages()
print(pages())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc's")
def test_arrays_are_made_where_others_were():
    result = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, timeout=60, check=True)
    assert int(result.stdout) < 5000  # else 20,000


def test_other_c_libraries_are_left_as_they_are(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    memory.keep_freed_memory.__wrapped__()
