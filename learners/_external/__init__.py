"""Predictors of users and of other libraries."""
