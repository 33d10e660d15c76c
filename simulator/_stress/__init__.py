"""Faults of plants and sensors, for tests of predictors."""
