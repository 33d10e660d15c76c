"""Systems, simulated trajectories, recordings."""

import lazy_loader

if "." not in __name__:
    raise ImportError("simulator/ is part of ergoscope: type `import ergoscope.simulator`.")
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
