"""Linear algebra for many small problems side by side."""
