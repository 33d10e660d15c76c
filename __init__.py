"""Ergoscope: how big must a predictor be before its error stops growing?

The rooms, lowest first; imports run one way:

* ``ergoscope.simulator``: the world. Linear systems, trajectories, recordings.
* ``ergoscope.learners``: who predicts. The ladder contract, its one driver, the families.
* ``ergoscope.analysis``: what it meant. Exact theory, growth laws, critical sizes, figures.
* ``ergoscope.cli``: words on the command line become calls.

Names are loaded on first use, so that importing the package costs nothing.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
