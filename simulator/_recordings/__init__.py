"""Trajectories: the record, and its files."""
