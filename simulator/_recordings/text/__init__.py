"""Recordings written as text: encoding, layout, columns, decimal mark."""
