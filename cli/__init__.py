"""The command line: text becomes calls. It has no logic, and only commands that compute load JAX."""

if "." not in __name__:
    raise ImportError("cli/ is part of ergoscope: type `import ergoscope.cli`.")

from ._main import main

__all__ = ["main"]
