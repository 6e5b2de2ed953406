"""Changes in place: noticed where a derivative would need the old values, refused where a gradient would be lost."""

import numpy as np
import pytest

import tinyattn as ta


def leaf(*values, dtype=ta.float64):
    return ta.tensor(values, dtype=dtype, requires_grad=True)


def equal(x, wanted):
    np.testing.assert_allclose(np.asarray(x), wanted, rtol=1e-12)


# --- changes in place ---------------------------------------------------------


SAYS = "as it was in the forward pass, but it was changed in place since: change a .clone"


def changes_in_place():
    def by_optimizer(x):
        x.grad = ta.ones_like(x)
        ta.optim.SGD([x], lr=0.1).step()

    def by_item(x):
        with ta.no_grad():
            x[0] = 5.0

    def by_view(x):
        with ta.no_grad():
            x[1:].fill_(5.0)

    def by_view_of_view(x):
        with ta.no_grad():
            x.reshape(1, 2).T[0].zero_()

    def by_module(x):
        module = ta.nn.Module()
        module.w = ta.nn.Parameter(x)
        module.load_state_dict({"w": np.zeros(2)})

    return [
        by_optimizer,
        by_item,
        by_view,
        by_view_of_view,
        by_module,
        lambda x: x.detach().copy_(ta.zeros(2)),
        lambda x: x.detach().reshape(2, 1)[:, 0].zero_(),
    ]


@pytest.mark.parametrize("change", changes_in_place())
def test_a_changed_input_is_noticed_and_named(change):
    x, other = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (x * other).sum()
    change(x)
    with pytest.raises(RuntimeError, match=f"backward: mul needs its input a {SAYS}"):
        y.backward()
    assert other.grad is None


def test_a_changed_output_is_noticed():
    x = leaf(1.0, 2.0)
    y = x.exp()
    with ta.no_grad():
        y[0] = 0.0
    with pytest.raises(RuntimeError, match=f"backward: exp needs its output {SAYS}"):
        y.sum().backward()


def test_a_changed_view_is_noticed_from_its_base():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = (y[1:] * y[1:]).sum()
    with ta.no_grad():
        y.zero_()
    with pytest.raises(RuntimeError, match=f"mul needs its input a {SAYS}"):
        z.backward()


def test_a_tensor_without_gradient_that_was_changed_is_noticed():
    w, x = leaf(1.0, 2.0), ta.tensor([3.0, 4.0], dtype=ta.float64)
    y = (w * x).sum()
    x[0] = 100.0
    with pytest.raises(RuntimeError, match=f"mul needs its input b {SAYS}"):
        y.backward()


def test_a_change_that_no_derivative_reads_is_none_of_its_business():
    x = leaf(1.0, 2.0)
    y = ((x + 1).exp() - x).sum()
    with ta.no_grad():
        x.zero_()
    y.backward()
    equal(x.grad, np.exp([2, 3]) - 1)


def test_a_change_before_the_op_is_fine_and_so_is_one_after_backward():
    x = leaf(1.0, 2.0)
    with ta.no_grad():
        x[0] = 3.0
    (x * x).sum().backward()
    equal(x.grad, [6, 4])
    with ta.no_grad():
        x.fill_(1.0)
    (x * x).sum().backward()
    equal(x.grad, [8, 6])


def test_changed_between_two_backward_passes():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    with ta.no_grad():
        x.zero_()
    with pytest.raises(RuntimeError, match=f"mul needs its input a {SAYS}"):
        y.backward()


def test_an_index_that_changes_later_does_not_change_the_gradient():
    x, index, mask = leaf(1.0, 2.0, 3.0), ta.tensor([0, 0]), ta.tensor([True, False, True])
    y = x[index].sum() + 10 * x[mask].sum() + 100 * x.gather(0, index).sum() + 1000 * x.index_select(0, index).sum()
    index.fill_(2)
    mask.fill_(False)
    y.backward()
    equal(x.grad, [2212, 0, 10])


# --- writing ------------------------------------------------------------------


def test_writing_into_what_requires_a_gradient_is_refused():
    x, w = ta.zeros(2, dtype=ta.float64), leaf(1.0, 2.0)
    for write in (lambda: w.zero_(), lambda: w.__setitem__(0, 1.0), lambda: (w * 2).fill_(1.0), lambda: w.copy_(x)):
        with pytest.raises(
            RuntimeError, match="this tensor requires a gradient, which cannot see changes in place: make a new"
        ):
            write()
    for write in (lambda: x.copy_(w), lambda: x.__setitem__(0, w[0])):  # a gradient would be lost here
        with pytest.raises(
            RuntimeError, match="the value requires a gradient, which cannot see changes in place: make a new"
        ):
            write()
    with ta.no_grad():
        x.copy_(w)
        x[0] = w[1]
    equal(x, [2, 2])


@pytest.mark.parametrize("call", [
    lambda x: x.sum(), lambda x: x.mean(0), lambda x: x.reshape(4), lambda x: x[0], lambda x: x.expand(3, 2, 2),
    lambda x: x.repeat(2, 1), lambda x: ta.cat([x, x]), lambda x: x.t(), lambda x: x + 1, lambda x: x.float(),
    lambda x: x.tril(), lambda x: x.cumsum(0), lambda x: ta.nn.functional.pad(x, (1, 1)),
    lambda x: ta.nn.functional.embedding(ta.tensor([1, 1]), x),
])
def test_what_only_needs_the_shape_of_an_input_lets_it_change(call):
    """As in PyTorch: none of these derivatives depends on the numbers."""
    x = ta.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = call(x)
    with ta.no_grad():
        x.fill_(7.0)
    y.sum().backward()
    assert x.grad.shape == (2, 2)


# --- data ---------------------------------------------------------------------


def test_data_is_the_memory_outside_the_graph():
    x = leaf(1.0, 2.0)
    assert not x.data.requires_grad and x.data.array is x.array
    x.data -= 0.5
    assert x.tolist() == [0.5, 1.5] and x.requires_grad and x.is_leaf
    x.data[0] = 7.0
    assert x.tolist() == [7, 1.5]


def test_data_can_be_assigned():
    x = leaf(1.0, 2.0)
    x.grad = ta.ones(2)
    x.data = ta.tensor([5.0, 6.0, 7.0], dtype=ta.float64)
    assert x.tolist() == [5, 6, 7] and x.requires_grad and x.grad is not None
    y = (x * x).sum()
    x.data = ta.zeros(3, dtype=ta.float64)
    with pytest.raises(RuntimeError, match=SAYS):
        y.backward()


@pytest.mark.parametrize("wrong, got", [(np.ones(2), "ndarray"), (ta.ones(2), "float32")])
def test_data_has_to_be_a_tensor_of_the_same_dtype(wrong, got):
    x = leaf(1.0, 2.0)
    with pytest.raises(TypeError, match=f"data: wanted a tensor of float64, got {got}: use ta.tensor or .to"):
        x.data = wrong
    assert x.tolist() == [1, 2]
