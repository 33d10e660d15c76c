"""Matrices fitted to a state that is seen whole."""
