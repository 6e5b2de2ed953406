"""One neuron, y = tanh(w · x + b), asked for another value than it gives: every derivative, and a picture.

    python examples/1_one_neuron.py

prints gradients beside what the chain rule gives by hand, and draws neuron.svg: value and gradient at every op.
"""

import tinyattn as ta
from tinyattn_viz import draw

x = ta.tensor([0.5, -1.0])
w = ta.tensor([2.0, 1.5], requires_grad=True)
b = ta.tensor(0.25, requires_grad=True)

with ta.record() as record:
    y = ta.tanh((w * x).sum() + b)
    loss = (y - 0.9) ** 2
loss.backward()

slope = 2 * (y.item() - 0.9) * (1 - y.item() ** 2)  # dloss/dy · dy/d(w · x + b)
print(f"y = {y.item():.4f}, wanted 0.9, loss {loss.item():.4f}")
print(f"dloss/db  = {b.grad.item():8.4f}   by hand {slope:8.4f}")
print(f"dloss/dw1 = {w.grad[0].item():8.4f}   by hand {slope * 0.5:8.4f}")
print(f"dloss/dw2 = {w.grad[1].item():8.4f}   by hand {slope * -1.0:8.4f}")
draw(record, names={"loss": loss}).save("neuron.svg")
print("drawn: neuron.svg")
