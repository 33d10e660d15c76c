"""Every filter length by least squares."""
