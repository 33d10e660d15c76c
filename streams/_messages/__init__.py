"""What goes over a wire: observations, plants, outputs, and their formats."""
