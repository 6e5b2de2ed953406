"""The translator: model, search, training, and the folder a run lives in."""
