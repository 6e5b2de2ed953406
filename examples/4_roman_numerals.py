"""A model as one writes it for PyTorch: an LSTM reads Roman numerals of any length, packed, and says the number.

    python examples/4_roman_numerals.py            with tinyattn
    python examples/4_roman_numerals.py --torch    the same file with PyTorch, if it is installed

It learns from 2,999 of the numbers 1 to 3999 and is asked for the 1,000 that it has never seen.
"""

import argparse
import importlib
import random

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("--torch", action="store_true", help="run under PyTorch")
parser.add_argument("--epochs", type=int, default=10)
options = parser.parse_args()

torch = importlib.import_module("torch" if options.torch else "tinyattn")
nn, F = torch.nn, torch.nn.functional

LETTERS = "IVXLCDM"
PLACES = (("M", "", ""), ("C", "D", "M"), ("X", "L", "C"), ("I", "V", "X"))  # one, five and ten of each decimal place


def roman(number):
    """1994 is MCMXCIV: of each decimal place 1, 2, 3, 4 (one before five), 5 ... 9 (one before ten)."""
    digits = f"{number:04d}"
    shapes = ("", "a", "aa", "aaa", "ab", "b", "ba", "baa", "baaa", "ac")
    return "".join(letters["abc".index(part)] for digit, letters in zip(digits, PLACES) for part in shapes[int(digit)])


class Reader(nn.Module):
    """Letters in; out come the scores of ten digits at each of four decimal places."""

    def __init__(self, hidden=64):
        super().__init__()
        self.embedding = nn.Embedding(len(LETTERS) + 1, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, hidden, batch_first=True)
        self.digits = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, 40))

    def forward(self, letters, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(letters), lengths, batch_first=True, enforce_sorted=False
        )
        _, (h_n, _) = self.lstm(packed)  # the state after each numeral's own last letter
        return self.digits(h_n[-1]).view(-1, 4, 10)


def batch_of(numbers):
    words = [torch.tensor([LETTERS.index(letter) + 1 for letter in roman(number)]) for number in numbers]
    letters = nn.utils.rnn.pad_sequence(words, batch_first=True)
    digits = torch.tensor([[int(digit) for digit in f"{number:04d}"] for number in numbers])
    return letters, torch.tensor([len(word) for word in words]), digits


def main(epochs, batch_size=64):
    torch.manual_seed(0)
    numbers = list(range(1, 4000))
    random.seed(0)
    random.shuffle(numbers)
    unseen, train = numbers[:1000], numbers[1000:]
    model = Reader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)

    for epoch in range(1, epochs + 1):
        model.train()
        random.shuffle(train)
        total = 0.0
        for start in range(0, len(train), batch_size):
            letters, lengths, digits = batch_of(train[start : start + batch_size])
            loss = F.cross_entropy(model(letters, lengths).flatten(0, 1), digits.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(digits)
        schedule.step()
        if epoch % 2 == 0:
            print(f"epoch {epoch:2}  loss {total / len(train):.4f} nats a digit")

    model.eval()
    with torch.no_grad():
        letters, lengths, digits = batch_of(unseen)
        right = (model(letters, lengths).argmax(-1) == digits).all(-1)
        print(f"{right.sum().item() / len(unseen):.1%} of {len(unseen)} unseen numerals read right")
        for numeral, number in (("MCMXCIV", 1994), ("MMDCCCLXXXVIII", 2888)):
            assert roman(number) == numeral
            letters, lengths, _ = batch_of([number])
            print(numeral, "is", int("".join(str(digit) for digit in model(letters, lengths).argmax(-1)[0].tolist())))


if __name__ == "__main__":
    main(options.epochs)
