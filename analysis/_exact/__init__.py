"""What the matrices say: theory without simulation."""
