from ._observation import Observation as Observation
from ._observation import observation as observation
from ._payload import decode as decode
from ._payload import encode as encode
from ._refused import Refused as Refused
from ._sequencer import Sequencer as Sequencer
