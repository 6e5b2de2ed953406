"""What several ops share below the level of tensors: how kernels are compiled, run and kept."""
