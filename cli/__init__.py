"""Words on the command line become calls; no logic lives here, and JAX is loaded only by the commands that compute."""

if "." not in __name__:
    raise ImportError("cli/ is part of ergoscope: type `import ergoscope.cli`.")

from ._main import main

__all__ = ["main"]
