"""Grokking: networks that memorise a set first and generalise later, or never."""
