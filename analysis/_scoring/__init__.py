"""``score``: a predictor put through stress cases."""
