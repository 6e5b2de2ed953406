"""The flow through a record: gradients over single edges, shares that add up to 1, and nothing lost on the way."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn import Translator, nn
from tinyattn.record import record
from tinyattn.translator.replay import replay
from tinyattn_viz.again import Again
from tinyattn_viz.ends import find_ends, output_of, places
from tinyattn_viz.flow import MOVES, Flow, Shares, rows_of


@pytest.fixture(scope="module")
def translated():
    translator = Translator.load("statquest")
    return replay(translator, translator.translate("let's go"))


def shares_of(run, path):
    output = output_of(run, find_ends(run, path)[0])
    words = [marked for name in ("source", "target") for marked in places(run, name)]
    return Shares(run, output.value, output.element, {k for marked in words for k in marked}), words


# --- a second opinion: the record run again in plain NumPy, without a derivative anywhere ---


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def pick(x, index):
    parts = [slice(None) if part == ":" else ... if part == "..." else part for part in index]
    return x[tuple(parts)]


PLAIN = {
    "take_rows": lambda w, ids, **_: w[ids],
    "pick": lambda x, index: pick(x, index),
    "linear": lambda x, w, b: x @ w.T + b,
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "pieces": lambda x, sizes, dim: np.split(x, np.cumsum(sizes)[:-1], dim),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "reshape": lambda x, shape: x.reshape(shape),
    "concatenate": lambda *xs, dim: np.concatenate(xs, dim),
    "permute": lambda x, dims: x.transpose(dims),
    "matmul": lambda a, b: a @ b,
    "masked_softmax": lambda x, mask, dim: softmax(x),
    "softmax": lambda x, dim, dtype: softmax(x),
}


def run_plainly(run, until, element, edge, nudge):
    """The element of value `until`, where only the call and input that `edge` names gets its value nudged."""
    values = {v.number: v.array.astype(np.float64) if v.array.dtype.kind == "f" else v.array for v in run.values}
    for call in run.calls:
        given = [values[k] + (nudge if edge == (call.number, place) else 0) for place, (_, k) in enumerate(call.inputs)]
        results = PLAIN[call.op](*given, **call.attributes)
        values |= dict(zip(call.outputs, results if len(call.outputs) > 1 else [results], strict=True))
        if until in call.outputs:
            return values[until].flat[element]
    raise AssertionError


def plain_gradient(run, until, element, edge):
    call = run.calls[edge[0]]
    shape = run.values[call.inputs[edge[1]][1]].array.shape
    gradient = np.zeros(shape)
    for k in range(gradient.size):
        nudge = np.zeros(shape)
        nudge.flat[k] = 1e-6
        ends = [run_plainly(run, until, element, edge, sign * nudge) for sign in (1, -1)]
        gradient.flat[k] = (ends[0] - ends[1]) / 2e-6
    return gradient


@pytest.mark.parametrize("path", ["vamos:go", "<eos>:let's"])
def test_shares_are_those_of_finite_differences(translated, path):
    shares, _ = shares_of(translated, path)
    compared = 0
    for call in shares.calls:
        if call.op in MOVES:
            continue
        sizes = {}
        for edge, k in shares.edges(call):
            gradient = plain_gradient(translated, shares.value, shares.start.argmax(), edge)
            sizes[edge] = np.abs(gradient * translated.values[k].array)
        total = sum(size.sum() for size in sizes.values())
        for edge, size in sizes.items():
            if total > 1e-5:  # below that, differences say nothing
                (found,) = shares.of[edge]  # a single row
                parts = np.zeros(size.shape)
                parts.flat[found.places] = found.parts
                np.testing.assert_allclose(parts, size / total, atol=1e-3)
                compared += len(sizes) > 1
    assert compared > 8


def test_shares_of_a_call_add_up_to_1(translated):
    shares, _ = shares_of(translated, "vamos:go")
    sums = {}
    for (call, _), parts in shares.of.items():
        for share in parts:
            sums[call, share.row] = sums.get((call, share.row), 0.0) + share.parts.sum()
    assert len(sums) > 30 and list(sums.values()) == pytest.approx([1.0] * len(sums))


@pytest.mark.parametrize("path", ["vamos:go", "vamos:let's", "<eos>:go"])
def test_all_flow_comes_from_words(translated, path):
    shares, words = shares_of(translated, path)
    parts = [Flow(shares, marked).total for marked in words]
    assert sum(parts) == pytest.approx(1.0)
    arriving = Flow(shares, {}).of  # the same, counted where it arrives
    for marked, part in zip(words, parts, strict=True):
        assert sum((arriving[k] * mark).sum() for k, mark in marked.items() if k in arriving) == pytest.approx(part)


def test_the_flow_of_a_few_ops_as_worked_on_paper():
    with record() as run:
        x = ta.tensor([[1.0, -2.0], [3.0, 0.5]])
        run.name(x, "source")
        run.tokens(source=["a", "b"], output=["yes"])
        a, b = x[0], x[1]
        product = a * b  # 3, −1
        both = product + 2.0 * a  # 5, −5
        scores = ta.stack([both.sum(), -b.sum()])  # 0, −3.5
        ta.softmax(scores, -1)
    # 2a is 2, −4: of |product| + |2a| = 4 + 6 the product has 0.4, and a and b have half of that each.
    shares, words = shares_of(run, "yes:a")
    assert [Flow(shares, marked).total for marked in words] == pytest.approx([0.2 + 0.6, 0.2])
    flow = Flow(shares, words[0])
    (add,) = [call.number for call in shares.calls if call.op == "add"]
    assert flow.over[add, 0].sum() == pytest.approx(0.2) and flow.over[add, 1].sum() == pytest.approx(0.6)


def test_words_that_a_call_serves_side_by_side_stay_apart():
    with record() as run:
        x, w = ta.tensor([[1.0, -2.0], [3.0, 0.5]]), ta.tensor([[1.0, 2.0], [-1.0, 0.5]])
        run.name(x, "source")
        run.name(w, "w")
        run.tokens(source=["a", "b"], output=["yes"])
        y = x @ w  # row by row
        (y[1] + y.tanh().sum(0) * 0.0).softmax(-1)
    for v in run.values:
        v.kind = "constant" if v.name == "w" else v.kind
    shares, words = shares_of(run, "yes:a")
    assert [Flow(shares, marked).total for marked in words] == pytest.approx([0.0, 1.0])


def test_rows_add_up_whatever_the_order_in_memory():
    with record() as run:
        ta.ones(4, 3, 2) * ta.arange(2.0)
    dy = np.arange(24.0).reshape(2, 3, 4).transpose(2, 1, 0)
    rows = list(rows_of(run.calls[0], {0: dy}))
    assert [row for row, _ in rows] == list(range(12))
    np.testing.assert_array_equal(sum(part[0] for _, part in rows), dy)


def test_closing_edges_leaves_the_others():
    with record() as run:
        x = ta.tensor([[1.0, -2.0]])
        run.name(x, "source")
        run.tokens(source=["a"], output=["yes"])
        (x * 3.0 + x.tanh()).sum(0).softmax(-1)
    output = output_of(run, find_ends(run, "yes:a")[0])
    shares = Shares(run, output.value, output.element, {0})
    marked = places(run, "source")[0]
    (add,) = [call for call in shares.calls if call.op == "add"]
    open_ = [Flow(shares, marked, {(add.number, place)}).total for place in (0, 1)]
    assert sum(open_) == pytest.approx(1.0) and min(open_) > 0.1


def test_where_all_is_0_the_flow_ends():
    with record() as run:
        x = ta.zeros(2, 2)
        run.name(x, "source")
        run.tokens(source=["a", "b"], output=["yes"])
        (x * ta.tensor([1.0, 2.0])).sum(0).softmax(-1)
    run.values[run.calls[0].inputs[0][1]].kind = "input"  # all the same number, it would be a constant
    shares, words = shares_of(run, "yes:a")
    assert [Flow(shares, marked).total for marked in words] == [0.0, 0.0]


# --- calls once more ------------------------------------------------------


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 4, bias=False), nn.LSTM(4, 3, batch_first=True, bidirectional=True)
        self.third = nn.GRU(6, 2, num_layers=2, batch_first=True)

    def forward(self, x):
        h, _ = self.third(self.second(self.first(x))[0])
        return h


def many_ops(x, y):
    z = ta.where(x > 0, x * y, x / (y + 3.0)).clamp(min=-1.0) + y[:, 1:2].expand(2, 3)
    z = ta.cat([z.flip(1), ta.stack([x, y], 0).mean(0), z[:, [2, 0]]], 1)
    z = z.masked_fill(ta.tensor([[True] + [False] * 7] * 2), 0.5).permute(1, 0).gather(0, ta.tensor([[1, 2], [3, 3]]))
    z = z.cumsum(0) @ x[..., None, :2].sum(0).mT + x.max(1, keepdim=True).values
    z = ta.einsum("ij,kj->ik", z, y[:, :2]).log_softmax(-1).exp().pow(2).amax(0)[0]
    rows = nn.functional.embedding(ta.tensor([1, 0, 1]), x * y)
    return z + x.std() + y[::2].abs().logsumexp(1).sum() + (rows**2).sum()


@pytest.mark.parametrize("kind", ["ops", "recurrent"])
def test_gradients_over_all_edges_add_up_to_the_recorded_ones(kind):
    ta.manual_seed(3)
    x = ta.randn(2, 3, requires_grad=True)
    net = Cell()
    with record() as run:
        if kind == "ops":
            loss = many_ops(x, ta.tanh(x * 1.7))
        else:
            loss = net(ta.stack([x, x * 2.0], 0)).pow(2).sum()
    loss.backward()
    for v in run.values:
        v.kind = "input" if v.kind == "parameter" else v.kind  # so that all are followed
    shares = Shares(run, run.calls[-1].outputs[0], 0, set())
    compared = [v for v in run.values if v.gradient is not None]
    assert len(compared) > 20
    for v in compared:
        np.testing.assert_allclose(shares.gradients.get(v.number, 0.0), v.gradient, rtol=2e-3, atol=1e-5)


def test_what_cannot_be_run_again_is_said():
    x = ta.randn(40, requires_grad=True)
    with record() as run:
        x[np.arange(30)].sum()
    with pytest.raises(ValueError, match=r"pick cannot be run again .* gather or index_select"):
        Again(run, run.calls[0]).pull({0: np.ones(30)})

    class Own(ta.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0

        @staticmethod
        def backward(ctx, dy):
            return dy * 2.0

    with record() as run:
        Own.apply(x)
    with pytest.raises(ValueError, match="wanted ops of tinyattn on the way, got Own"):
        Again(run, run.calls[-1])
