"""What another PyTorch changes, block by block, from records alone."""
