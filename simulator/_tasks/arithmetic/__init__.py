"""Lines of arithmetic, character by character."""
