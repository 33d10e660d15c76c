"""Words on the command line become calls; no logic lives here, and JAX is loaded only by the commands that compute."""

from ._main import main

__all__ = ["main"]
