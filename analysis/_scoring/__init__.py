"""``score``: run a predictor through steady cases and stress cases."""
