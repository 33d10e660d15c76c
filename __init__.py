"""Ergoscope: how big must a predictor be before its error stops growing?

The rooms, lowest first; imports run one way:

* ``ergoscope.simulator``: the world. Linear systems, trajectories, recordings.
* ``ergoscope.learners``: who predicts. The contract of a learner, the engine that runs it, the families.
* ``ergoscope.analysis``: what it meant. Exact theory, growth laws, critical sizes, reports.
* ``ergoscope.streams``: how observations come and forecasts go, live. Messages, MQTT, the service, the page.
* ``ergoscope.cli``: words on the command line become calls.

Names are loaded on first use, so that importing the package costs nothing.
"""

import sys

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# In a checkout these stand beside the rooms and are no part of the package.
sys.modules.update({f"{__name__}.{folder}": None for folder in ("benchmarks", "docs", "examples", "tests", "typings")})  # type: ignore[misc]
