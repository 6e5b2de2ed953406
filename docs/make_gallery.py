"""Makes the pictures of docs/gallery.md, each with the command or the lines that stand beside it there.

    python docs/make_gallery.py RUN      RUN: a run of `tinyattn demo`; needs chromium and playwright for the explorer
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tinyattn as ta
from tinyattn import nn
from tinyattn.text.corpus import phrase_corpus
from tinyattn.translator.replay import replay
from tinyattn_viz import AttentionWatcher, beam_tree, curves, draw, gates

PICTURES = Path(__file__).parent / "images" / "gallery"
PIZZA = "don't eat the delicious looking and smelling pizza"


def tinyattn(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "tinyattn.cli", *arguments], check=True)


def by_commands(run: str) -> None:
    go = "let's go"
    tinyattn("draw", "statquest", go, "-o", f"{PICTURES}/video-layers.svg", "--detail", "layer")
    tinyattn("draw", "statquest", go, "-o", f"{PICTURES}/video-steps.svg", "--detail", "step")
    tinyattn("draw", "statquest", go, "-o", f"{PICTURES}/video-ops.svg", "--detail", "op", "--rolled")
    tinyattn("draw", "statquest", go, "-o", f"{PICTURES}/video-path.svg", "--detail", "step", "--path", "vamos:go")
    tinyattn("attend", "statquest", go, "-o", f"{PICTURES}/video-attention.svg")
    tinyattn("draw", run, PIZZA, "-o", f"{PICTURES}/steps.svg", "--detail", "step")
    tinyattn("draw", run, PIZZA, "-o", f"{PICTURES}/path.svg", "--detail", "step", "--path", "no:don't")
    tinyattn("attend", run, PIZZA, "-o", f"{PICTURES}/attention.svg")


def of_neuron() -> None:
    x = ta.tensor([0.5, -1.0])
    w = ta.tensor([2.0, 1.5], requires_grad=True)
    b = ta.tensor(0.25, requires_grad=True)
    with ta.record() as record:
        loss = (ta.tanh((w * x).sum() + b) - 0.9) ** 2
    loss.backward()
    draw(record, names={"loss": loss}, backward=True).save(PICTURES / "backward.svg")


def of_own_model() -> None:
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.gru, self.out = nn.Embedding(9, 4), nn.GRU(4, 6, batch_first=True), nn.Linear(6, 3)

        def forward(self, ids):
            h, _ = self.gru(self.embedding(ids))
            return self.out(h[:, -1])

    ta.manual_seed(0)
    with ta.record() as record:
        loss = nn.functional.cross_entropy(Reader()(ta.tensor([[1, 4, 2], [3, 8, 8]])), ta.tensor([0, 2]))
    loss.backward()
    draw(record, detail="layer").save(PICTURES / "own-model.svg")


def by_lines(run: str) -> None:
    translator, video = ta.Translator.load(run), ta.Translator.load("statquest")
    beam_tree(translator.search_tree("intelligent", beam=2)).save(PICTURES / "beam.svg")
    gates(replay(video, video.translate("let's go")), "encoder.lstm").save(PICTURES / "video-gates.svg")
    gates(replay(translator, translator.translate(PIZZA)), "encoder.lstm").save(PICTURES / "gates.svg")
    lines = (Path(run) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    curves([json.loads(line) for line in lines], PICTURES / "curves.svg")
    pairs = [(phrase.source, phrase.target) for phrase in phrase_corpus(pairs=8000)]
    watcher = AttentionWatcher(max(pairs[:200], key=lambda pair: (9 >= len(pair[0].split()), len(pair[0]))))
    ta.Translator.train(pairs, epochs=12, hidden=64, embed=32, lr=0.01, watcher=watcher)
    watcher.picture().save(PICTURES / "training.svg")


def of_explorer() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "go.html"
        tinyattn("explore", "statquest", "let's go", "-o", str(file))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(file.as_uri())
        for _ in range(57):  # to the similarity of the first step
            page.keyboard.press("ArrowRight")
        page.screenshot(path=PICTURES / "explorer.png")
        browser.close()


if __name__ == "__main__":
    PICTURES.mkdir(parents=True, exist_ok=True)
    by_commands(sys.argv[1])
    of_neuron()
    of_own_model()
    by_lines(sys.argv[1])
    of_explorer()
