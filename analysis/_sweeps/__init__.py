"""Grids of experiments: read, run, resumed, read back."""
