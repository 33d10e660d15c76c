"""Predictors whose weights no longer change: from what was learned, and to other programs."""
