"""The attention of StatQuest's video, number by number: from "let's go" to "vamos".

    python examples/2_the_videos_numbers.py

takes the encoder's and the decoder's outputs from the built-in model, and does the attention with them step by step.
"""

import tinyattn as ta

translator = ta.Translator.load("statquest")
found = translator.translate("let's go")
explanation = ta.explain(translator, "let's go")
print(f"{found.source} -> {' '.join(explanation.target_tokens)}\n")

h = ta.tensor(explanation.encoder_outputs)  # an output for each of "let's" and "go"
s = ta.tensor(explanation.decoder_output)  # the decoder's, after it has read <eos>

dot = h @ s
cosine = dot / ((h * h).sum(1) * (s * s).sum()).sqrt()
weights = ta.softmax(dot, 0)
context = weights @ h

print(f"decoder  output {s[0].item():5.2f} {s[1].item():5.2f}")
for j, word in enumerate(found.source_tokens):
    print(f"{word:<8} output {h[j, 0].item():5.2f} {h[j, 1].item():5.2f}   cosine {cosine[j].item():5.2f}"
          f"   dot {dot[j].item():5.2f}   softmax {weights[j].item():.2f}")
print(f"context         {context[0].item():5.2f} {context[1].item():5.2f}\n")

print("The model itself gave the weights", " and ".join(f"{weight:.2f}" for weight in found.attention[0]))
print('"to go" leaves its decoder in the same state, but attention sees the "to":', translator.translate("to go").text)
print("""Every other number: tinyattn explain statquest "let's go\"""")
