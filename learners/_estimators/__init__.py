"""Learners as estimators of river and scikit-learn."""
