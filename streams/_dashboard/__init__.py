"""The live page, and the table in the terminal."""
