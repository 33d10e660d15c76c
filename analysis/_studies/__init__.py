"""Studies: published results, measured beside exact theory."""
