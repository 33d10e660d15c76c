from . import analysis as analysis
from . import learners as learners
from . import simulator as simulator
from . import streams as streams
from .analysis import critical_lags as critical_lags
from .analysis import locate as locate
from .simulator import LinearSystem as LinearSystem
from .simulator import simulate as simulate
from .simulator import zoo as zoo

__version__: str
