"""A user's own op: what PyTorch gives it, and what it is told when it is wrong."""

import gc
import weakref

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.autograd import Function, grad, gradcheck, gradgradcheck
from tinyattn.autograd.function import once_differentiable
from tinyattn.state import state


def leaf(*values):
    return ta.tensor(values, dtype=ta.float64, requires_grad=True)


class Exp(Function):
    """y = eˣ"""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * y


class Polar(Function):
    """r = √(x² + y²), cos = x / r

    Two outputs, two inputs, and a third argument that is no tensor.
    """

    @staticmethod
    def forward(ctx, x, y, scale):
        r = (x * x + y * y).sqrt()
        ctx.save_for_backward(x, y, r)
        ctx.scale = scale
        return r * scale, x / r

    @staticmethod
    def backward(ctx, dr, dcos):
        x, y, _ = ctx.saved_tensors
        r = (x * x + y * y).sqrt()
        dr = dr * ctx.scale
        return dr * x / r + dcos * y * y / r**3, dr * y / r - dcos * x * y / r**3, None


class Scale(Function):
    """y = factor · x"""

    @staticmethod
    def forward(x, factor=2.0):
        return x * factor

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.factor = inputs
        assert output.shape == x.shape

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.factor, None


def test_values_and_derivatives():
    x, y = leaf(0.3, -0.7), leaf(1.5, 0.4)
    assert Exp.apply(x).tolist() == np.exp(x.array).tolist()
    for func, inputs in ((Exp.apply, x), (lambda x, y: Polar.apply(x, y, 3.0), (x, y)), (Scale.apply, x),
                         (lambda x: Scale.apply(x, 5.0), x), (lambda x: Scale.apply(x, factor=5.0), x)):
        assert gradcheck(func, inputs)
        assert gradgradcheck(func, inputs)
    third = x
    for _ in range(3):
        (third,) = grad(Exp.apply(third).sum() if third is x else third.sum(), x, create_graph=True)
    np.testing.assert_allclose(third.detach().numpy(), np.exp(x.array))


def test_the_forward_leaves_no_graph_and_gets_the_tensors_themselves():
    x, seen = leaf(1.0), []

    class Look(Function):
        @staticmethod
        def forward(ctx, x, other):
            y = x * 2
            seen.extend([x, y.requires_grad, ta.is_grad_enabled(), ctx.needs_input_grad])
            return y

        @staticmethod
        def backward(ctx, dy):
            seen.append(ctx.needs_input_grad)
            return dy * 2, None

    Look.apply(x, 3).sum().backward()
    assert seen[0] is x and seen[1:] == [False, False, (True, False), (True, False)]
    assert x.grad.tolist() == [2]


def test_without_a_gradient_it_is_a_function():
    x = leaf(1.0)
    with ta.no_grad():
        assert not Exp.apply(x).requires_grad
    y = Exp.apply(x.detach())
    assert not y.requires_grad and y.is_leaf


def test_an_output_that_nobody_used():
    seen = []

    class Two(Function):
        @staticmethod
        def forward(ctx, x, materialize):
            ctx.set_materialize_grads(materialize)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, da, db):
            seen.append((da, db))
            return db * 3, None

    x = leaf(1.0, 2.0)
    Two.apply(x, True)[1].sum().backward()
    Two.apply(x, False)[1].sum().backward()
    assert seen[0][0].tolist() == [0, 0] and seen[0][0].dtype == ta.float64 and seen[1][0] is None
    assert x.grad.tolist() == [6, 6]


def test_outputs_that_have_no_gradient():
    seen = []

    class Mixed(Function):
        @staticmethod
        def forward(ctx, x):
            y, z = x * 2, x * 3
            ctx.mark_non_differentiable(z)
            return y, z, x.argmax(), "word"

        @staticmethod
        def backward(ctx, *dys):
            seen.extend(dys)
            return dys[0] * 2

    x = leaf(1.0, 2.0)
    y, z, k, word = Mixed.apply(x)
    assert y.requires_grad and not z.requires_grad and not k.requires_grad and word == "word"
    y.sum().backward()
    assert [seen[0].tolist(), seen[1].tolist(), seen[2].tolist(), seen[3]] == [[1, 1], [0, 0], 0, None]


def test_an_input_may_be_returned():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, dy):
            return dy * 7

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x and x.is_leaf and not y.is_leaf
    assert grad(y, x)[0].tolist() == [7]


def test_what_is_set_on_ctx_is_the_users():
    class Names(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.name = ctx.saved = ctx.node = ctx.slots = ctx.op = 3.0
            ctx.save_for_backward(x)
            return x * x * 3

        @staticmethod
        def backward(ctx, dy):
            return dy * 2 * ctx.saved_tensors[0] * (ctx.name + ctx.saved + ctx.node + ctx.slots + ctx.op) / 5

    assert gradcheck(Names.apply, leaf(0.3)) and gradgradcheck(Names.apply, leaf(0.3))


def test_an_input_that_is_saved_and_returned_stays_the_input():
    class Both(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x, x * x

        @staticmethod
        def backward(ctx, dx, dy):
            return dx + 2 * dy * ctx.saved_tensors[0]

    assert gradgradcheck(Both.apply, leaf(0.3))
    x = leaf(0.3)
    (dx,) = grad(Both.apply(x)[1], x, create_graph=True)
    assert grad(dx, x)[0].tolist() == [2]


def test_none_means_no_gradient():
    class Half(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * b

        @staticmethod
        def backward(ctx, dy):
            return None, dy

    a, b = leaf(1.0), leaf(2.0)
    Half.apply(a, b).backward()
    assert a.grad is None and b.grad.tolist() == [1]


def test_gradients_are_fitted_to_their_inputs():
    class Wide(Function):
        @staticmethod
        def forward(ctx, x):
            return x * ta.ones(3, 2, dtype=ta.float64)

        @staticmethod
        def backward(ctx, dy):
            return dy, None, None  # more than there are arguments is fine where it is None

    x = leaf(1.0, 2.0)
    assert grad(Wide.apply(x).sum(), x)[0].tolist() == [3, 3]


def test_saved_tensors_must_stay_as_they_are():
    class Square(Function):
        @staticmethod
        def forward(ctx, x, unused):
            ctx.save_for_backward(x, None)
            return x * x

        @staticmethod
        def backward(ctx, dy):
            x, nothing = ctx.saved_tensors
            assert nothing is None
            return 2 * dy * x, None

    x, other = leaf(1.0), leaf(2.0)
    y = Square.apply(x, other)
    with ta.no_grad():
        other.zero_()  # it was not saved
    y.backward(retain_graph=True)
    assert x.grad.tolist() == [2]
    with ta.no_grad():
        x.zero_()
    with pytest.raises(RuntimeError, match="backward: Square needs its input x as it was in the forward pass"):
        y.backward()
    y = Exp.apply(x)
    with ta.no_grad():
        y.zero_()
    with pytest.raises(RuntimeError, match="backward: Exp needs its output as it was in the forward pass"):
        y.backward()


def test_the_graph_is_freed_without_a_garbage_collector():
    x = leaf(1.0)
    y = Exp.apply(x)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="the graph behind Exp was freed by an earlier backward: pass retain_graph=True"):
        y.sum().backward()
    gc.collect()
    gc.disable()
    try:
        y = Exp.apply(x)
        node = weakref.ref(y.node)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_as_in_pytorch():
    torch = pytest.importorskip("torch")

    class Theirs(torch.autograd.Function):
        forward, backward = staticmethod(Polar.forward), staticmethod(Polar.backward)

    results = []
    for library, function in ((ta, Polar), (torch, Theirs)):
        x = library.tensor([0.3, -0.7], dtype=library.float64, requires_grad=True)
        y = library.tensor([1.5, 0.4], dtype=library.float64, requires_grad=True)
        r, cosine = function.apply(x, y, 3.0)
        (dx,) = library.autograd.grad((r * cosine.exp()).sum(), x, create_graph=True)
        (dx.sin()).sum().backward()
        results.append([r, cosine, dx, x.grad, y.grad])
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-12)


# --- seen by others -------------------------------------------------------


def test_a_record_shows_it_like_any_op():
    x = leaf(1.0, 2.0)
    with ta.record() as record:
        y, cosine = Polar.apply(x, x * 2, 3.0)
        loss = (y + cosine).sum()
    loss.backward()
    (call,) = [call for call in record.calls if call.op == "Polar"]
    assert call.formula == "r = √(x² + y²), cos = x / r" and call.attributes == {"scale": 3.0}
    assert [name for name, _ in call.inputs] == ["x", "y"] and len(call.outputs) == 2
    assert call.user.function == "test_a_record_shows_it_like_any_op" and call.source is None
    assert [c.op for c in record.calls] == ["mul", "Polar", "add", "sum"]  # what it is made of stays its own affair
    assert record.values[call.outputs[0]].gradient.tolist() == [1, 1]
    assert state.recorder is None


def test_pictures_show_it_like_any_op():
    tinyattn_viz = pytest.importorskip("tinyattn_viz")
    x = leaf(1.0, 2.0)
    with ta.record() as record:
        y = Polar.apply(x, x, 3.0)[0].sum()
    for what in (y, record):
        assert "Polar" in tinyattn_viz.draw(what, detail="op").dot


def test_the_recorder_comes_back_after_an_error():
    class Fails(Function):
        @staticmethod
        def forward(ctx, x):
            raise KeyError("no")

    with ta.record() as record:
        with pytest.raises(KeyError):
            Fails.apply(leaf(1.0))
        assert state.recorder is record


# --- once_differentiable --------------------------------------------------


class OnceOnly(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return ta.tensor(2 * dy.numpy() * x.array)


def test_once_differentiable():
    x = leaf(1.0, 2.0)
    assert grad(OnceOnly.apply(x).sum(), x)[0].tolist() == [2, 4]
    (dx,) = grad(OnceOnly.apply(x).sum(), x, create_graph=True)
    assert dx.tolist() == [2, 4]
    with pytest.raises(RuntimeError, match="OnceOnly: its backward is once_differentiable: write it with Tensor ops"):
        dx.sum().backward()


# --- what is wrong is said with the class's name --------------------------


def returning(*gradients):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, a, b, k):
            return a * b

        @staticmethod
        def backward(ctx, dy):
            return gradients[0] if len(gradients) == 1 else gradients

    return Wrong.apply(leaf(1.0, 2.0), ta.tensor([1.0, 2.0]), 3).sum().backward


def test_wrong_gradients():
    g = ta.tensor([1.0, 1.0])
    for wrong in ((g,), (g, g), (g, None, None, g)):
        with pytest.raises(RuntimeError, match=rf"Wrong.backward: wanted a gradient for each of 3 arguments of apply, got "
                                               rf"{len(wrong)}: return None for an argument without"):
            returning(*wrong)()
    with pytest.raises(RuntimeError, match=r"Wrong.backward: gradient 2 must be None, as argument 2 is no tensor, got Tensor"):
        returning(g, None, g)()
    with pytest.raises(TypeError, match=r"Wrong.backward: gradient 0 must be a Tensor or None, got float"):
        returning(3.0, None, None)()
    for wrong in (ta.ones(3), ta.ones(()), ta.ones(2, 3), ta.ones(1)):
        with pytest.raises(RuntimeError, match=r"Wrong.backward: gradient 0 must have the shape of argument 0, \(2,\), got"):
            returning(wrong, None, None)()
    returning(g, ta.ones(7), None)()  # nobody asked for that one


def test_wrong_forwards():
    class Saves(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, 3)

    class Dirty(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)

    class Lists(Function):
        @staticmethod
        def forward(ctx, x):
            return [x * 2, x * 3]

    class NoForward(Function):
        pass

    class NoBackward(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    x = leaf(1.0)
    with pytest.raises(TypeError, match=r"Saves: save_for_backward takes tensors, got int: set it on ctx, as in ctx.dim"):
        Saves.apply(x)
    with pytest.raises(NotImplementedError, match=r"Dirty: mark_dirty is not built, .*: change a .clone\(\) and return that"):
        Dirty.apply(x)
    with pytest.raises(TypeError, match=r"Lists.forward: wanted a Tensor or a tuple, got a list: return tuple\(...\)"):
        Lists.apply(x)
    with pytest.raises(NotImplementedError, match=r"Function: wanted a staticmethod forward\(ctx, ...\) in the subclass"):
        NoForward.apply(x)
    with pytest.raises(NotImplementedError, match=r"Function: wanted a staticmethod backward\(ctx, ...\) in the subclass"):
        NoBackward.apply(x).backward()
    with pytest.raises(TypeError, match="nonsense"):
        Exp.apply(x, nonsense=3)

    class ByName(Function):
        @staticmethod
        def forward(ctx, x, *, factor=2.0):
            return x * factor

    with pytest.raises(TypeError, match=r"ByName.forward: factor must be an argument by position"):
        ByName.apply(x, factor=3.0)
