"""Rules that learn whole things or nothing, without gradients."""
