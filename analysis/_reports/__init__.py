"""Figures, tables and pages that a person reads."""
