"""Faults that a predictor is put through."""
