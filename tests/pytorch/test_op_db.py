"""PyTorch's own samples of every function that both have: nothing is wrong without an error, nearly all agree."""


import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest")  # PyTorch's table of samples needs it

from tests.pytorch import op_db

REFUSED = {"to": 12, "bool": 1, "double": 1, "float": 1, "long": 1}  # all by memory_format=torch.channels_last


@pytest.fixture(scope="module")
def figures():
    return op_db.figures(op_db.NAMES)


def test_every_function_is_judged(figures):
    judged = {name.split()[0] for name in figures}
    assert judged == set(op_db.NAMES)
    assert all(row.total for row in figures.values())


def test_nothing_is_wrong_without_an_error(figures):
    assert [reason for row in figures.values() for reason in row.reasons if ": wrong: " in reason] == []


def test_what_is_refused_is_known(figures):
    assert {name: row.refused for name, row in figures.items() if row.refused} == REFUSED


def test_at_least_98_percent_agree(figures):
    agree, total = (sum(getattr(row, name) for row in figures.values()) for name in ("agrees", "total"))
    assert agree >= 0.98 * total


def test_a_wrong_function_is_noticed(monkeypatch):
    monkeypatch.setattr(op_db.ta, "tanh", lambda x: op_db.ta.tensor(x.array * 1.0001) * x)
    assert op_db.figures(["tanh"])["tanh"].wrong == 1


def test_the_figures_are_printed(capsys):
    op_db.main(["sin"])
    assert capsys.readouterr().out.splitlines()[-2:] == ["| sin | 1 | 0 | 0 |", "| all | 1 | 0 | 0 |"]
    with pytest.raises(SystemExit, match="unknown: sinus"):
        op_db.main(["sinus"])
