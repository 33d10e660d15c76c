"""Published results, measured beside exact theory."""
