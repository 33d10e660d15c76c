"""Arithmetic: the addition map and its completion from samples."""
