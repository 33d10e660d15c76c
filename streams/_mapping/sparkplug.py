"""The payload of a Sparkplug B message, read with protobuf.

The fields that a reading needs are declared here with their numbers of the specification; others are passed over.

References:
    Eclipse Sparkplug 3.0.0, "Payloads", https://sparkplug.eclipse.org/specification/
"""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple

from .._messages.errors import RejectedMessage
from .values import shown

_TYPES = dict(double=1, float=2, uint64=4, bool=8, string=9, message=11, bytes=12, uint32=13)  # of descriptor.proto
_METRIC = dict(
    name=(1, "string"), alias=(2, "uint64"), timestamp=(3, "uint64"), datatype=(4, "uint32"), is_historical=(5, "bool"),
    is_null=(7, "bool"), int_value=(10, "uint32"), long_value=(11, "uint64"), float_value=(12, "float"),
    double_value=(13, "double"), boolean_value=(14, "bool"), string_value=(15, "string"),
)  # fmt: skip
_PAYLOAD = dict(timestamp=(1, "uint64"), seq=(3, "uint64"))
_BITS = {1: 8, 2: 16, 3: 32, 4: 64}  # signed whole numbers, by datatype
_UNKNOWN = 0
OTHER = object()  # a value that is no number and no text, or whose sign cannot be told


class Metric(NamedTuple):
    """A metric of a payload.

    Attributes:
        name: Its name; None: its alias has one.
        alias: Its alias, or None.
        time: Milliseconds since 1970, None if it has none.
        datatype: Number of its type; 0: that of its birth certificate.
        historical: Whether it is a stored value, sent later.
        value: A number, a boolean, a text, None (null), or ``OTHER``; whole numbers without their sign.
    """

    name: str | None
    alias: int | None
    time: int | None
    datatype: int
    historical: bool
    value: Any


class SparkplugPayload(NamedTuple):
    """A payload: milliseconds since 1970, the sequence number from 0 to 255, and the metrics."""

    time: int | None
    sequence: int | None
    metrics: list[Metric]


def read_sparkplug(payload: bytes) -> SparkplugPayload:
    """Return what stands in a payload.

    Raises:
        RejectedMessage: ``malformed``: it is no such payload.
        ValueError: protobuf is not installed.
    """
    kind, error = _message_type()
    message = kind()
    try:
        message.ParseFromString(payload)
        metrics = [_metric(metric) for metric in message.metrics]
    except (error, UnicodeDecodeError) as exc:
        raise RejectedMessage(
            "malformed", f"a Sparkplug B payload is protobuf, got {shown(repr(payload[:40]))}."
        ) from exc
    return SparkplugPayload(_optional(message, "timestamp"), _optional(message, "seq"), metrics)


def signed(value: Any, datatype: int) -> Any:
    """Return a whole number with its sign: Sparkplug writes a negative one as its two's complement.

    A number that may be negative, of a type that is not known, is ``OTHER``.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if datatype in _BITS:
        half = 1 << (_BITS[datatype] - 1)
        return (value + half) % (2 * half) - half
    return OTHER if datatype == _UNKNOWN and value >= 1 << 31 else value


def check_installed() -> None:
    """Raise ValueError if protobuf is not installed."""
    _message_type()


def _metric(metric: Any) -> Metric:
    which = metric.WhichOneof("value")
    value = None if metric.is_null else OTHER if which is None else getattr(metric, which)
    name, alias, time = (_optional(metric, word) for word in ("name", "alias", "timestamp"))
    return Metric(name, alias, time, metric.datatype, metric.is_historical, value)


def _optional(message: Any, word: str) -> Any:
    return getattr(message, word) if message.HasField(word) else None


@functools.cache
def _message_type() -> tuple[Any, type[Exception]]:
    """Return the class of a payload, and the error of a wrong one."""
    try:
        descriptors, pools, factories, messages = (
            importlib.import_module(f"google.protobuf.{name}")
            for name in ("descriptor_pb2", "descriptor_pool", "message_factory", "message")
        )
    except ImportError:
        raise ValueError("Sparkplug B needs protobuf: in a checkout, pip install '.[sparkplug]'.") from None
    file = descriptors.FileDescriptorProto(name="ergoscope/sparkplug_b.proto", package="ergoscope", syntax="proto2")
    payload, metric = file.message_type.add(name="Payload"), file.message_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    for message, fields in ((payload, _PAYLOAD), (metric, _METRIC)):
        for name, (number, kind) in fields.items():
            field = message.field.add(name=name, number=number, type=_TYPES[kind], label=1)
            if name.endswith("_value"):
                field.oneof_index = 0
    payload.field.add(name="metrics", number=2, type=_TYPES["message"], label=3, type_name=".ergoscope.Metric")
    pool = pools.DescriptorPool()
    pool.Add(file)
    return factories.GetMessageClass(pool.FindMessageTypeByName("ergoscope.Payload")), messages.DecodeError
