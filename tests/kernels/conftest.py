"""Kernels in modules of their own, compiled whatever NUMBA_DISABLE_JIT says, with a cache of their own."""

import importlib.util
import sys

import numba
import pytest

from tinyattn.kernels import cache


@pytest.fixture
def module(tmp_path, monkeypatch):
    """module(name, source): a module made of `source`, its kernels compiled into tmp_path / "cache"."""
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    monkeypatch.setenv("TINYATTN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "warned", [])
    monkeypatch.syspath_prepend(tmp_path)

    def make(name, source):
        path = tmp_path / f"{name}.py"
        path.write_text("from tinyattn.kernels.compile import kernel\n" + source)
        spec = importlib.util.spec_from_file_location(name, path)
        made = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, made)
        exec(compile(path.read_text(), path, "exec"), made.__dict__)  # not the .pyc: two versions in one second
        return made

    return make
