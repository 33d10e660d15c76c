"""Trajectories of a plant, drawn from its equations."""
