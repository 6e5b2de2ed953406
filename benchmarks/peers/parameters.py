"""What the peers that are not written for PyTorch start from: parameters by PyTorch's names, and a batch of ids."""

import numpy as np


def initial(V, E, H, layers):
    random = np.random.default_rng(0)
    shapes = {"source_embedding.weight": (V, E), "target_embedding.weight": (V, E)}
    for side in ("encoder", "decoder"):
        for k in range(layers):
            shapes |= {f"{side}.weight_ih_l{k}": (4 * H, H if k else E), f"{side}.weight_hh_l{k}": (4 * H, H),
                       f"{side}.bias_ih_l{k}": (4 * H,), f"{side}.bias_hh_l{k}": (4 * H,)}
    shapes |= {"output.weight": (V, 2 * H), "output.bias": (V,)}
    return {name: random.uniform(-(H**-0.5), H**-0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def batch(V, B, T):
    """Source (B, T), the decoder's inputs (B, T), and what it is asked for (B, T)."""
    random = np.random.default_rng(1)
    source, target = random.integers(0, V, (B, T)), random.integers(0, V, (B, T + 1))
    return source, target[:, :-1], target[:, 1:]
