"""The limits of messages and services, in one place: each is checked before anything is allocated."""

from __future__ import annotations

LARGEST = 1 << 20  # bytes of a message
LARGEST_COUNT = 2**53  # whole numbers up to here survive every JSON reader
MOST_CHANNELS = 256  # outputs, or inputs, of a message
MOST_ROWS = 1 << 16  # samples of a message
MOST_STATES = 16  # of a plant in `meta`: the cost of its Kalman filter grows with the cube
MOST_STREAMS = 10_000  # of a service
DEEPEST = 32  # nested brackets in a JSON message; three are needed
LARGEST_VALUE = 1e150  # of a sample: its square, and the sum of many, stay finite
