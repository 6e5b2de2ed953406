"""From sentences to batches of ids, and back."""
