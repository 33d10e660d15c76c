"""What a plant is, where it comes from, and the ready ones."""
