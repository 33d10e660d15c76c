"""How observations come and forecasts go, live: the record, the seam, sources and sinks, the service."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
