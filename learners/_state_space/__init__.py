"""Kalman filters, smoothing, subspace and spectral methods."""
