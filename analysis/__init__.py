"""What it meant: exact theory, error curves, growth laws, critical sizes, reports."""

import lazy_loader

if "." not in __name__:
    raise ImportError("analysis/ is part of ergoscope: type `import ergoscope.analysis`.")
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
