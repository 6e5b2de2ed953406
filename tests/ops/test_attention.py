"""The fused attentions against their references: values, gradients of both orders, masks, odd shapes, errors."""

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import grad, gradcheck, gradgradcheck
from tinyattn.ops.attention import additive_attention, attention

SIZES = [(3, 2, 5, 4, 3), (1, 1, 1, 1, 1), (2, 1, 3, 1, 2), (2, 3, 1, 2, 1), (9, 2, 4, 3, 17), (3, 33, 40, 5, 3)]  # B, T, S, H, D


@pytest.fixture(params=["dot", "scaled", "additive"])
def kind(request):
    """The op, its options, and whether it takes v."""
    return {"dot": (attention, {}, False), "scaled": (attention, {"scale": 0.5}, False),
            "additive": (additive_attention, {}, True)}[request.param]


def arrays(B, T, S, H, D, with_v, dtype=np.float64):
    random = np.random.default_rng((B, T, S, H, D))
    shapes = ((B, T, H), (B, S, H), (B, S, D), (H,))
    return [random.standard_normal(shape).astype(dtype) for shape in shapes[: 4 if with_v else 3]]


def leaves(*sizes, **options):
    return [ta.Tensor(x, True) for x in arrays(*sizes, **options)]


def some_mask(B, S):
    """Rows with everything, with nothing, with holes."""
    mask = np.random.default_rng(0).random((B, S)) > 0.4
    mask[0] = True
    if B > 1:
        mask[1] = False
    return mask


def values_and_gradients(function, inputs):
    outputs = function(*inputs)
    random = np.random.default_rng(1)
    dy = [random.standard_normal(y.shape).astype(y.dtype) for y in outputs]
    return [y.array for y in outputs], [g.array for g in grad(outputs, inputs, dy)]


def assert_same(found, wanted, tolerance=1e-10):
    for one, other in zip(found, wanted, strict=True):
        for y, z in zip(one, other, strict=True):
            np.testing.assert_allclose(y, z, rtol=tolerance, atol=tolerance)


# --- fused and reference ------------------------------------------------


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_equals_the_reference(sizes, masked, kind):
    op, options, with_v = kind
    mask = some_mask(sizes[0], sizes[2]) if masked else None
    inputs = leaves(*sizes, with_v=with_v)
    with ta.kernels("numba"):
        found = values_and_gradients(lambda *xs: op(*xs, mask=mask, **options), inputs)
    with ta.kernels("numpy"):
        assert_same(found, values_and_gradients(lambda *xs: op(*xs, mask=mask, **options), inputs))


@pytest.mark.parametrize("masked", [False, True])
def test_gradcheck(masked, kind):
    op, options, with_v = kind
    mask = some_mask(3, 2) if masked else None

    def function(*xs):
        return op(*xs, mask=mask, **options)

    assert gradcheck(function, leaves(3, 2, 2, 2, 2, with_v=with_v))
    assert gradgradcheck(function, leaves(3, 1, 2, 2, 1, with_v=with_v))


def test_dot_by_hand():
    queries, keys = np.array([[[1.0, 0.0]]]), np.array([[[2.0, 5.0], [0.0, 7.0]]])
    values = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    context, weights = attention(queries, keys, values, scale=0.5)
    first = np.e / (np.e + 1)  # scores 1 and 0
    np.testing.assert_allclose(weights, [[[first, 1 - first]]])
    np.testing.assert_allclose(context, [[[first, 1 - first]]])


def test_additive_by_hand():
    queries, keys, v = np.array([[[0.3, -1.0]]]), np.array([[[0.1, 0.5], [2.0, 0.0]]]), np.array([1.5, -0.5])
    scores = [1.5 * np.tanh(0.4) - 0.5 * np.tanh(-0.5), 1.5 * np.tanh(2.3) - 0.5 * np.tanh(-1.0)]
    wanted = np.exp(scores) / np.exp(scores).sum()
    context, weights = additive_attention(queries, keys, np.array([[[10.0], [20.0]]]), v)
    np.testing.assert_allclose(weights, [[wanted]])
    np.testing.assert_allclose(context, [[[10 * wanted[0] + 20 * wanted[1]]]])


def test_float32_is_close_to_float64(kind):
    op, options, with_v = kind
    sizes, mask = (4, 3, 11, 32, 16), some_mask(4, 11)
    exact = values_and_gradients(lambda *xs: op(*xs, mask=mask, **options), leaves(*sizes, with_v=with_v))
    inputs = leaves(*sizes, with_v=with_v, dtype=np.float32)
    found = values_and_gradients(lambda *xs: op(*xs, mask=mask, **options), inputs)
    assert all(y.dtype == np.float32 for part in found for y in part)
    assert_same(found, exact, 1e-4)


def test_two_threads_give_the_same_as_one(kind):
    op, options, with_v = kind
    before, inputs = ta.get_num_threads(), leaves(20, 2, 3, 4, 5, with_v=with_v)
    try:
        ta.set_num_threads(1)
        one = values_and_gradients(lambda *xs: op(*xs, **options), inputs)
        ta.set_num_threads(2)
        assert_same(values_and_gradients(lambda *xs: op(*xs, **options), inputs), one, 1e-13)
    finally:
        ta.set_num_threads(before)


# --- masks --------------------------------------------------------------


@pytest.mark.parametrize("lens", ["numba", "numpy"])
def test_padding_has_no_weight_and_no_gradient(kind, lens):
    op, options, with_v = kind
    mask = np.array([[True, True, False], [False, False, False]])
    inputs = leaves(2, 2, 3, 2, 2, with_v=with_v)
    with ta.kernels(lens):
        context, weights = op(*inputs, mask=mask, **options)
        np.testing.assert_allclose(weights.array.sum(-1), [[1, 1], [0, 0]], rtol=1e-12)
        assert not weights.array[0, :, 2].any() and not context.array[1].any()
        (context.sum() + (weights * weights).sum()).backward()
    for x in inputs[:3]:
        assert np.isfinite(x.grad.array).all() and x.grad.array[0, :2].any()
        assert not x.grad.array[1].any()
    for x in inputs[1:3]:
        assert not x.grad.array[0, 2].any()


def test_a_shorter_row_is_as_if_alone(kind):
    op, options, with_v = kind
    queries, keys, values, *v = arrays(2, 2, 4, 3, 2, with_v=with_v)
    mask = np.arange(4) < np.array([[4], [2]])
    context, weights = op(queries, keys, values, *v, mask=mask, **options)
    context_alone, weights_alone = op(queries[1:], keys[1:, :2], values[1:, :2], *v, **options)
    np.testing.assert_allclose(context[1:], context_alone, rtol=1e-12)
    np.testing.assert_allclose(weights[1:, :, :2], weights_alone, rtol=1e-12)


def test_mask_as_tensor_and_strided(kind):
    op, options, with_v = kind
    inputs, mask = arrays(3, 2, 5, 2, 2, with_v=with_v), some_mask(3, 5)
    wanted = op(*inputs, mask=mask, **options)
    for other in (ta.tensor(mask), np.asarray(mask, order="F"), np.repeat(mask, 2, 1)[:, ::2], mask.tolist()):
        for y, z in zip(op(*inputs, mask=other, **options), wanted):
            np.testing.assert_array_equal(y, z)


@pytest.mark.parametrize("lens", ["numba", "numpy"])
def test_scores_beyond_all_bounds(lens):
    with ta.kernels(lens), np.errstate(invalid="ignore"):
        for dtype in (np.float32, np.float64):
            query, values = np.ones((1, 1, 1), dtype), np.eye(2, dtype=dtype)[None]
            _, weights = attention(query, np.array([[[1e4], [-1e4]]], dtype), values)
            np.testing.assert_array_equal(weights, [[[1, 0]]])
            _, weights = attention(query, np.array([[[-np.inf], [-np.inf]]], dtype), values)
            assert not weights.any()
            for score in ([np.nan, 0.0], [0.0, np.nan], [np.nan, np.nan]):  # what is broken is not hidden
                _, weights = attention(query, np.array(score, dtype).reshape(1, 2, 1), values)
                assert np.isnan(weights).all()


# --- outputs nobody used, memory ----------------------------------------


@pytest.mark.parametrize("used", [0, 1])
def test_outputs_that_nobody_used(kind, used):
    op, options, with_v = kind
    inputs = leaves(2, 2, 3, 2, 2, with_v=with_v)
    found = grad((op(*inputs, **options)[used] ** 2).sum(), inputs)
    with ta.kernels("numpy"):
        wanted = grad((op(*inputs, **options)[used] ** 2).sum(), inputs, allow_unused=True)
    for y, z in zip(found, wanted):
        np.testing.assert_allclose(y.array, 0 if z is None else z.array, rtol=1e-10, atol=1e-12)


def test_inputs_and_incoming_gradients_stay_as_they_were(kind):
    op, options, with_v = kind
    inputs = leaves(3, 2, 5, 2, 4, with_v=with_v)
    kept = [x.array.copy() for x in inputs]
    outputs = op(*inputs, mask=some_mask(3, 5), **options)
    dy = [ta.Tensor(np.ones_like(y.array)) for y in outputs]
    first, second = grad(outputs, inputs, dy, retain_graph=True), grad(outputs, inputs, dy)
    assert all((y.array == 1).all() for y in dy)
    for x, before in zip(inputs, kept):
        np.testing.assert_array_equal(x.array, before)
    for y, z in zip(first, second):
        np.testing.assert_array_equal(y.array, z.array)


def test_strided_and_read_only_inputs(kind):
    op, options, with_v = kind
    inputs = arrays(3, 2, 5, 4, 3, with_v=with_v)
    wanted = values_and_gradients(lambda *xs: op(*xs, **options), [ta.Tensor(x, True) for x in inputs])
    strided = [np.repeat(x, 2, axis=-1)[..., ::2] for x in inputs]
    transposed = [np.asarray(x, order="F") for x in inputs]
    read_only = [x.copy() for x in inputs]
    for x in read_only:
        x.flags.writeable = False
    for others in (strided, transposed, read_only):
        leaves = [ta.Tensor(x, True) for x in others]
        assert_same(values_and_gradients(lambda *xs: op(*xs, **options), leaves), wanted, 1e-13)


@pytest.mark.parametrize("sizes", [(0, 2, 3, 2, 2), (2, 0, 3, 2, 2), (2, 2, 0, 2, 2), (2, 2, 3, 0, 2), (2, 2, 3, 2, 0)])
def test_sizes_of_zero(sizes, kind):
    op, options, with_v = kind
    B, T, S, _, D = sizes
    inputs = leaves(*sizes, with_v=with_v)
    context, weights = op(*inputs, **options)
    assert context.shape == (B, T, D) and weights.shape == (B, T, S)
    (context.sum() + weights.sum()).backward()
    for x in inputs:
        assert x.grad.shape == x.shape and np.isfinite(x.grad.array).all()


# --- what is refused ----------------------------------------------------


@pytest.mark.parametrize("lens", ["numba", "numpy"])
@pytest.mark.parametrize("name, shape, message", [
    ("queries", (4, 3), r"wanted queries \(B, T, H\), keys \(B, S, H\) and values \(B, S, D\), got \(4, 3\), "
                        r"\(4, 7, 3\) and \(4, 7, 5\): unsqueeze what is missing"),
    ("keys", (4, 7, 2), r"keys must be \(B, S, {letter}\) = \(4, 7, 3\), got \(4, 7, 2\): queries are \(4, 2, 3\), "
                        "project both to one size"),
    ("keys", (3, 7, 3), r"keys must be \(B, S, {letter}\) = \(4, 7, 3\), got \(3, 7, 3\)"),
    ("values", (4, 6, 5), r"values must be \(B, S, D\) = \(4, 7, D\), got \(4, 6, 5\): a value belongs to each key"),
])
def test_wrong_shapes(kind, name, shape, message, lens):
    op, options, with_v = kind
    inputs = arrays(4, 2, 7, 3, 5, with_v=with_v)
    inputs[("queries", "keys", "values").index(name)] = np.zeros(shape)
    message = f"^{op.__name__}: " + message.replace("{letter}", "A" if with_v else "H")
    with ta.kernels(lens), pytest.raises(ValueError, match=message):
        op(*inputs, **options)


def test_wrong_v():
    queries, keys, values, _ = arrays(4, 2, 7, 3, 5, with_v=True)
    with pytest.raises(ValueError, match=r"additive_attention: v must be \(A,\) = \(3,\), got \(3, 1\)"):
        additive_attention(queries, keys, values, np.zeros((3, 1)))


def test_wrong_mask(kind):
    op, options, with_v = kind
    inputs = arrays(4, 2, 7, 3, 5, with_v=with_v)
    with pytest.raises(ValueError, match=rf"^{op.__name__}: mask must be \(B, S\) = \(4, 7\), got \(4, 9\): "
                                         "pad source and mask together$"):
        op(*inputs, mask=np.ones((4, 9), bool), **options)
    with pytest.raises(TypeError, match=r"mask must be bool \(True: a real key\), got int64: compare"):
        op(*inputs, mask=np.ones((4, 7), np.int64), **options)


def test_wrong_dtypes(kind):
    op, options, with_v = kind
    inputs = arrays(4, 2, 7, 3, 5, with_v=with_v)
    with pytest.raises(TypeError, match=r"queries must be float32 or float64, got int64: use .float\(\)"):
        op(np.zeros((4, 2, 3), np.int64), *inputs[1:], **options)
    inputs[2] = inputs[2].astype(np.float32)
    with pytest.raises(TypeError, match=r"values must be float64 like queries, got float32: use .to\(float64\)"):
        op(*inputs, **options)


def test_a_scale_that_would_lose_its_gradient():
    inputs = arrays(1, 1, 2, 3, 4, with_v=False)
    with pytest.raises(TypeError, match="attention: scale must be a number, got Tensor: multiply the queries by it"):
        attention(*inputs, scale=ta.tensor(0.5))
