"""Small pieces of work that together run every kernel: to compile them all, or to see that they do as NumPy does.

Each gives arrays: values, and gradients by all that they depend on. With `kernels("numpy")` the kernels' twins do it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from tinyattn import create, nn, optim, streams
from tinyattn.nn import functional as F
from tinyattn.nn.utils import clip_grad_norm_
from tinyattn.ops.attention import additive_attention, attention
from tinyattn.tensor import Tensor
from tinyattn.text.side import Side
from tinyattn.text.vocabulary import END, Vocabulary
from tinyattn.translator.config import ATTENTION_KINDS, Config
from tinyattn.translator.translator import Translator

Arrays = list[np.ndarray]
LENGTHS = np.array([5, 2, 4])
MASK = np.arange(5) < LENGTHS[:, None]
IDS = np.array([[1, 3, 1], [0, 2, 6]])
TARGETS = np.array([3, 0, 6, -100])
WORDS = ["one", "two", "three", "four"]


def of_op(op: Callable[..., Any], *shapes: tuple[int, ...]) -> Callable[[type], Arrays]:
    """The values of op(a Tensor of each shape), and the gradients by those."""

    def run(dtype: type) -> Arrays:
        random = np.random.default_rng(0)

        def tensor(shape: tuple[int, ...]) -> Tensor:
            return create.tensor(random.standard_normal(shape).astype(dtype), requires_grad=True)

        inputs = [tensor(shape) for shape in shapes]
        with streams.using(streams.stream(0, "exercise")):
            y = op(*inputs)
        ys = y if isinstance(y, tuple) else (y,)
        sum(((y * tensor(y.shape).detach()).sum() for y in ys), create.zeros(())).backward()
        return [x.array for x in ys] + [x.grad.array for x in inputs if x.grad is not None]

    return run


def of_module(make: Callable[[], nn.Module], *shapes: tuple[int, ...], **options: Any) -> Callable[[type], Arrays]:
    """The same of a module: gradients by its parameters, too."""

    def run(dtype: type) -> Arrays:
        with streams.using(streams.stream(0, "exercise")):
            module = make().to(dtype)
        values = of_op(lambda *inputs: flat(module(*inputs, **options)), *shapes)(dtype)
        return values + [p.grad.array for p in module.parameters() if p.grad is not None]

    return run


def flat(y: Any) -> Any:
    """Tuples within tuples as one."""
    return tuple(part for one in y for part in (flat(one) if isinstance(one, tuple) else (one,))) \
        if isinstance(y, tuple) else y


def of_optimizer(make: Callable[[list[nn.Parameter]], Any]) -> Callable[[type], Arrays]:
    """Parameters after three steps, their gradients clipped."""

    def run(dtype: type) -> Arrays:
        random = np.random.default_rng(0)
        parameters = [nn.Parameter(create.tensor(random.standard_normal(shape).astype(dtype)))
                      for shape in ((150, 200), (7,))]
        optimizer = make(parameters)
        for _ in range(3):
            optimizer.zero_grad()
            sum((p**3).sum() for p in parameters).backward()
            clip_grad_norm_(parameters, 1.0)
            optimizer.step()
        return [p.array for p in parameters]

    return run


def of_search(beam: int, **options: Any) -> Callable[[type], Arrays]:
    """Scores and attention of what a model with chance parameters finds."""

    def run(dtype: type) -> Arrays:
        words = Side("word", Vocabulary.build([WORDS]))
        translator = Translator(Config(embed=4, hidden=6, **options), (words, words))
        translator.model.to(dtype).output.bias.array[END] -= 1  # so that it does not end at once
        one = translator.translate("one two three", beam=beam)
        found = [one, *translator.translate(["four", "two four"], beam=beam)]
        return [x for each in found for best in each.hypotheses for x in (np.array(best.score), best.attention)
                if x is not None]

    return run


def of_training(kind: str) -> Callable[[type], Arrays]:
    """All parameters of a translator after three steps, in the default type."""

    def run(dtype: type) -> Arrays:
        pairs = [("one two three", "uno dos tres"), ("two", "dos"), ("three one", "tres uno")] * 2
        trained = Translator.train(pairs, attention=kind, embed=4, hidden=4, layers=2, bidirectional=True,
                                   batch_size=4, dropout=0.1, steps=3)
        return list(trained.parameters().values())

    return run


EXERCISES: dict[str, Callable[[type], Arrays]] = {
    "sigmoid": of_op(lambda x: x.sigmoid(), (3, 7)),
    "tanh": of_op(lambda x: x.tanh(), (3, 7)),
    "gelu": of_op(F.gelu, (3, 7)),
    "softmax": of_op(lambda x: x.softmax(-1), (3, 7)),
    "log_softmax": of_op(lambda x: x.log_softmax(-1), (3, 7)),
    "layer_norm": of_op(lambda x, w, b: F.layer_norm(x, (7,), w, b), (3, 7), (7,), (7,)),
    "matmul": of_op(lambda a, b: a @ b, (70, 300), (300, 90)),
    "linear": of_op(F.linear, (2, 9, 33), (40, 33), (40,)),
    "embedding": of_op(lambda w: F.embedding(IDS, w), (7, 5)),
    "dropout": of_op(lambda x: F.dropout(x, 0.3), (4, 9)),
    "cross_entropy": of_op(lambda x: F.cross_entropy(x, TARGETS, label_smoothing=0.1), (4, 7)),
    "linear_cross_entropy": of_op(
        lambda x, w, b: F.linear_cross_entropy(x, w, TARGETS, linear_bias=b), (4, 6), (7, 6), (7,)),
    "attention": of_op(lambda s, h: attention(s, h, h, mask=MASK), (3, 4, 6), (3, 5, 6)),
    "additive_attention": of_op(
        lambda s, k, h, v: additive_attention(s, k, h, v, mask=MASK), (3, 4, 6), (3, 5, 6), (3, 5, 6), (6,)),
    "scaled_dot_product_attention": of_op(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), *[(2, 3, 4, 6)] * 3),
    "lstm": of_module(lambda: nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True), (3, 5, 4), lengths=LENGTHS),
    "gru": of_module(lambda: nn.GRU(4, 6, 2, batch_first=True, bidirectional=True), (3, 5, 4), lengths=LENGTHS),
    "lstm_cell": of_module(lambda: nn.LSTMCell(4, 6), (3, 4)),
    "gru_cell": of_module(lambda: nn.GRUCell(4, 6), (3, 4)),
    "SGD": of_optimizer(lambda p: optim.SGD(p, lr=0.1)),
    "SGD with momentum": of_optimizer(lambda p: optim.SGD(p, lr=0.1, momentum=0.9)),
    "Adam": of_optimizer(lambda p: optim.Adam(p, lr=0.1)),
    "AMSGrad": of_optimizer(lambda p: optim.Adam(p, lr=0.1, amsgrad=True)),
    **{f"attention {kind}": of_training(kind) for kind in ATTENTION_KINDS},
    **{f"attention {kind}, beam {beam}": of_search(beam, attention=kind, bidirectional=kind == "none")
       for kind, beam in product(ATTENTION_KINDS, (1, 3))},
    "attend before, input feeding, tied embeddings": of_search(3, attend="before", input_feeding=True,
                                                               tie_embeddings=True),
}
