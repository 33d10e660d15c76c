"""Who predicts: the contract (``_base``), the engine that runs it, the families."""

import lazy_loader

if "." not in __name__:
    raise ImportError("learners/ is part of ergoscope: type `import ergoscope.learners`.")
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
