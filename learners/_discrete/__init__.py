"""Learners without gradients: rules that learn kinds, concepts and sums one by one."""
