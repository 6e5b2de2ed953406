"""How much work a training step is: floating-point operations and bytes of each of its parts, from the sizes alone.

    python -m benchmarks.model

    forward of a product (M, K) @ (K, N)   2 M K N operations; its two gradients are as many each
    bytes                                  what has to be read and written at least once, however clever the program:
                                           parameters, gradients, activations that the backward pass needs

B batch, S source length, T target length, E embedding, H hidden, V vocabulary. Counted are products only: softmax,
gates and the like are a few operations an element, the products hundreds.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.machine import Peak

FLOAT = 4  # bytes


class Sizes(NamedTuple):
    V: int
    E: int
    H: int
    layers: int
    B: int
    S: int
    T: int

    @classmethod
    def of(cls, V: int, E: int, H: int, layers: int, B: int, T: int) -> Sizes:
        """As benchmarks/peers states them: source and target are of one length."""
        return cls(V, E, H, layers, B, T, T)


class Work(NamedTuple):
    flops: float
    bytes: float


def product(M: int, K: int, N: int) -> Work:
    """C (M, N) = A (M, K) @ B (K, N), its factors read and C written."""
    return Work(2.0 * M * K * N, FLOAT * (M * K + K * N + M * N))


def product_backward(M: int, K: int, N: int) -> Work:
    """dA = dC Bᵀ and dB = Aᵀ dC"""
    return add(product(M, N, K), product(K, M, N))


def add(*works: Work) -> Work:
    return Work(sum(w.flops for w in works), sum(w.bytes for w in works))


def embedding(B: int, L: int, E: int) -> Work:
    """Rows of a table read, their gradients added to it."""
    return Work(0, FLOAT * 5 * B * L * E)


def lstm(B: int, L: int, I: int, H: int) -> Work:  # noqa: E741
    """One layer over L steps. Forward: x W_ihᵀ for all steps at once, h W_hhᵀ a step. Gates (B, L, 4H) are kept."""
    parts = [f(M, K, N) for f in (product, product_backward) for M, K, N in ((B * L, I, 4 * H), (B * L, H, 4 * H))]
    return add(*parts)


def attention(B: int, S: int, T: int, H: int) -> Work:
    """scores = s hᵀ, context = weights h, for each of B sentences."""
    one = add(*(f(M, K, N) for f in (product, product_backward) for M, K, N in ((T, H, S), (T, S, H))))
    return Work(B * one.flops, B * one.bytes)


def projection(B: int, T: int, H: int, V: int) -> Work:
    """[context, s] (B T, 2H) to logits (B T, V), softmax, cross-entropy, and back; logits need not leave the cache."""
    N, K = B * T, 2 * H
    return Work(6.0 * N * K * V, FLOAT * (3 * K * V + 2 * N * K))


def parameters(V: int, E: int, H: int, layers: int) -> int:
    recurrent = sum(4 * H * ((E if layer == 0 else H) + H + 2) for layer in range(layers))
    return 2 * V * E + 2 * recurrent + V * (2 * H + 1)


def adam(count: int) -> Work:
    """A parameter, its gradient and two averages read; three of them written. Clipping reads the gradient before."""
    return Work(0, FLOAT * 8 * count)


def training_step(sizes: Sizes) -> dict[str, Work]:
    """The work of each part of a step of the video's model: forward, backward, clipping, Adam."""
    V, E, H, layers, B, S, T = sizes
    inputs = [E] + [H] * (layers - 1)
    return {
        "embedding": add(embedding(B, S, E), embedding(B, T, E)),
        "lstm": add(*(lstm(B, length, width, H) for length in (S, T) for width in inputs)),
        "attention": attention(B, S, T, H),
        "projection": projection(B, T, H, V),
        "adam": adam(parameters(V, E, H, layers)),
    }


def step_flops(sizes: Sizes) -> float:
    return sum(work.flops for work in training_step(sizes).values())


def step_floor(sizes: Sizes, peak: Peak) -> float:
    """Seconds that a step takes at least: its arithmetic at the machine's peak. Bytes are left out: how many of them
    come from memory, and not from a cache, no formula knows; at `big` they would add a tenth."""
    return step_flops(sizes) / peak.flops


def token_bytes(V: int, E: int, H: int, layers: int, S: int) -> float:
    """What a token of greedy decoding, batch of one, reads: the decoder's and the projection's weights, the source."""
    return FLOAT * (parameters(V, E, H, layers) - 2 * V * E - recurrent_of_encoder(E, H, layers) + E + S * H)


def recurrent_of_encoder(E: int, H: int, layers: int) -> int:
    return sum(4 * H * ((E if layer == 0 else H) + H + 2) for layer in range(layers))


def main() -> None:
    from benchmarks.training import SIZES

    for name, size in SIZES.items():
        work = training_step(Sizes.of(*size))
        print(f"{name:5}{step_flops(Sizes.of(*size)) / 1e9:8.2f} GFLOP a step  " + "  ".join(
            f"{part} {one.flops / 1e9:.2f} GFLOP {one.bytes / 1e6:.0f} MB" for part, one in work.items()))


if __name__ == "__main__":
    main()
