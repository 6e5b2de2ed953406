"""NumPy's products obey set_num_threads where NumPy brings its own BLAS; where not, nothing happens."""

from tinyattn.kernels import blas
from tinyattn.kernels.threads import get_num_threads, set_num_threads


class Library:
    def __init__(self):
        self.told = []

    def scipy_openblas_set_num_threads64_(self, count):
        self.told.append(count)


def test_openblas_is_told(monkeypatch):
    library, before = Library(), get_num_threads()
    with monkeypatch.context() as patch:
        patch.setattr(blas, "openblas", lambda: library)
        set_num_threads(3)
        set_num_threads(1)
    set_num_threads(before)
    assert library.told == [3, 1]


def test_another_blas_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(blas.np, "__file__", str(tmp_path / "numpy" / "__init__.py"))
    assert blas.openblas.__wrapped__() is None
    monkeypatch.setattr(blas, "openblas", lambda: None)
    blas.set_blas_threads(2)


def test_the_library_is_the_one_that_numpy_uses():
    library = blas.openblas()
    if library is not None:
        before = library.scipy_openblas_get_num_threads64_()
        blas.set_blas_threads(1)
        assert library.scipy_openblas_get_num_threads64_() == 1
        blas.set_blas_threads(before)
