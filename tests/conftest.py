"""Strict numerics for every test.

Precision is left as JAX has it, 32 bits: a computation that wants float64 must ask for it itself, as users' calls do.
"""

from __future__ import annotations

import jax

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
