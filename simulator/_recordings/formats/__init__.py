"""Recordings in the formats of other programs, each read by its library."""
