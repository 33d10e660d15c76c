"""Exact theory: what the matrices of a plant say, without any simulation."""
