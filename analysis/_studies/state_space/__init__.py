"""Studies of linear state space systems."""
