"""How observations come and forecasts go, live: messages, sources and sinks, the service, the page."""

import lazy_loader

if "." not in __name__:
    raise ImportError("streams/ is part of ergoscope: type `import ergoscope.streams`.")
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
