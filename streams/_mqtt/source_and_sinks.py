"""Streams on MQTT: sources and sinks of observations, and a sink of the outputs of a learner."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from ..._core.text import printable
from ...simulator import LinearSystem
from .._messages.codec import decode, encode
from .._messages.errors import RejectedMessage
from .._messages.json_codec import check_stream
from .._messages.limits import LARGEST, MOST_STREAMS
from .._messages.metadata import Arrival, decode_plant, encode_meta
from .._messages.observation import Observation
from .._messages.output_json import OUTPUT_KINDS, output_messages
from .._messages.outputs import Output
from .._sources.interfaces import NullContext, RejectionCounts, log
from .._sources.missing import MissingSamples
from .address import Address
from .client import Receipt
from .connection import WAITING, Connection, Send

WAITING_OUTPUTS = 1000  # messages of a learner that wait to be published
LAST_SECONDS = 5.0  # in which they may be published at the end
SILENT = 10.0  # seconds without a message after which the log names the topic
RETAINED = ("threshold", "change", "beside")  # kinds of outputs whose last message the broker keeps
PATIENCE = 50  # milliseconds that a service waits for one of them to be published


class MqttSource(NullContext):
    """Observations of one stream, or of all below a root.

    Args:
        address: Broker and topics.
        qos: 0 or 1.
        waiting: The most messages that wait here; if more come, the oldest are dropped, and counted as ``dropped``.
        client: Name of a session that the broker keeps while this client is away, at QoS 1: the broker sends messages
            again until they are acknowledged, and nothing is dropped here. None: no session.
        plants: Whether to give the plants in ``meta``, too, and again when a plant changes.
        topics: Topics to subscribe to; None: those of the product's own format.
    """

    def __init__(
        self,
        address: Address,
        qos: int = 0,
        waiting: int = WAITING,
        client: str | None = None,
        plants: bool = False,
        topics: Sequence[str] | None = None,
    ) -> None:
        kept = self._kept = client is not None
        own = [*([address.topic("meta")] if plants else []), address.topic("data")]
        self.rejections, self._missing = RejectionCounts(), MissingSamples()
        self._topic = address.topic("data")
        self._silence: asyncio.TimerHandle | None = None
        self._plants: dict[str, str] = {}  # last record of the plant, by stream
        self._receipts: deque[tuple[Receipt | None, int]] = deque()  # not acknowledged yet; arrivals of the message
        self._connection = Connection(
            address,
            subscriptions=own if topics is None else topics,
            qos=1 if kept else qos,
            waiting=waiting,
            client=client,
            kept=kept,
        )

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        self._silence = asyncio.get_running_loop().call_later(SILENT, self._note_silence)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._silence is not None:
            self._silence.cancel()
        await self._connection.__aexit__(kind, value, trace)

    def _note_silence(self) -> None:
        log.warning(
            "nothing has come from %s in %.0f s: publish samples to such a topic, for example lab/plant1/data.",
            *(printable(self._topic), SILENT),
        )

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for topic, payload, receipt, retained in self._connection.messages():
            for _ in range(self._connection.take_dropped()):
                self.rejections.add(
                    RejectedMessage("dropped", "messages come faster than they are read: the oldest are dropped.")
                )
            if self._silence is not None:
                self._silence.cancel()
                self._silence = None
            arrivals = self._arrivals(topic, payload, retained)
            if self._kept:
                self._receipts.append((receipt, len(arrivals)))
            for arrival in arrivals:
                yield arrival
            if not arrivals:
                self.acknowledge(0)

    def _arrivals(self, topic: str, payload: bytes, retained: bool) -> Sequence[Arrival]:
        arrival = self._decode(topic, payload, retained)
        return () if arrival is None else (arrival,)

    def _decode(self, topic: str, payload: bytes, retained: bool) -> Arrival | None:
        *_, name, kind = topic.split("/")
        stream = None
        try:
            stream = check_stream(name)
            if kind == "data" and retained:
                raise RejectedMessage("retained", "the broker sends an old reading, and it is no new sample: left out.")
            if kind == "data":
                observation = decode(payload, stream)
                self._missing.note(observation)
                return observation
            plant = decode_plant(payload, stream)
        except RejectedMessage as rejected:
            self.rejections.add(rejected, topic)
            return self._missing.replace(rejected, stream) if kind == "data" else None
        except Exception as exc:  # no single message may end the service
            self.rejections.add(RejectedMessage("failed", f"{type(exc).__name__}: {exc!s:.200}"), topic)
            return None
        if plant.record == self._plants.get(stream, ""):  # sent again after each connection
            return None
        self._plants[stream] = plant.record
        if len(self._plants) > 2 * MOST_STREAMS:
            del self._plants[next(iter(self._plants))]
        return plant

    def remember(self, stream: str, epoch: int, outputs: int, inputs: int) -> None:
        """Note a stream that did not count its samples before a restart."""
        self._missing.remember(stream, epoch, outputs, inputs)

    def acknowledge(self, count: int) -> None:
        """Acknowledge the next ``count`` arrivals, in their order.

        Rejected messages between them are acknowledged, too.
        """
        while self._receipts and count >= self._receipts[0][1]:
            receipt, given = self._receipts.popleft()
            count -= given
            if receipt is not None:  # a message at QoS 0 has none
                receipt.acknowledge()
        if count and self._receipts:  # of a message with several arrivals
            receipt, given = self._receipts.popleft()
            self._receipts.appendleft((receipt, given - count))


class _Publisher(NullContext):
    """A connection that publishes below one root."""

    def __init__(self, address: Address, connection: Connection) -> None:
        self.address, self.connection = address, connection

    async def __aenter__(self) -> Self:
        await self.connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connection.__aexit__(kind, value, trace)


class MqttSink(_Publisher):
    """Publishes observations, and ``meta`` and ``status`` of each stream; the last will is the status ``offline``.

    A client has one last will: for several streams it is that of the stream in the address, if the address names one.

    Args:
        address: Broker and root; an observation is published under the name of its stream.
        meta: Metadata of the streams: ``outputs`` and ``inputs``, the names of the channels, by default y and u, or y1,
            y2, ..; ``dt``, ``units`` and more.
        qos: 0 or 1.
        client: Client identifier; None: a new one.
        system: The plant of the streams; left out if it varies in time or has more than 16 states.
    """

    def __init__(
        self,
        address: Address,
        meta: Mapping[str, Any] | None = None,
        qos: int = 0,
        client: str | None = None,
        system: LinearSystem | None = None,
    ) -> None:
        will = (
            None if address.stream == "+" else (address.topic("status"), b"offline")
        )  # nothing is published to a wildcard
        connection = Connection(address, will=will, greet=self._greet, leave=self._leave, qos=qos, client=client)
        super().__init__(address, connection)
        self._meta, self._system, self._streams = dict(meta or {}), system, dict[str, bytes]()

    async def _greet(self, send: Send) -> None:
        for stream in self._streams:
            await self._announce(send, stream)

    async def _leave(self, send: Send) -> None:
        for stream in self._streams:
            await send(self.address.topic("status", stream=stream), b"offline", True)

    async def _announce(self, send: Send, stream: str) -> None:
        await send(self.address.topic("meta", stream=stream), self._streams[stream], True)
        await send(self.address.topic("status", stream=stream), b"online", True)

    async def send(self, item: Observation) -> None:
        """Publish an observation."""
        topic, payload = self.message(item)
        if self.introduce(item):
            await self._announce(self.connection.publish, item.stream)
        await self.connection.publish(topic, payload)

    def message(self, item: Observation) -> tuple[str, bytes]:
        """Return topic and payload of an observation.

        Raises:
            ValueError: It has too many bytes for a message, or a name that is no topic level.
        """
        check_stream(item.stream)
        payload = encode(item)
        if len(payload) > LARGEST:
            raise ValueError(f"a message may have {LARGEST} bytes, got {len(payload)}: choose a smaller block.")
        return self.address.topic("data", stream=item.stream), payload

    def introduce(self, item: Observation) -> bool:
        """Announce the stream of an observation from now on; return whether it is new."""
        if item.stream in self._streams:
            return False
        widths = item.output.shape[1], item.input.shape[1]
        self._streams[item.stream] = encode_meta(*widths, self._meta, self._system)
        return True


class MqttOutputSink(_Publisher):
    """Publishes the outputs of a learner below each stream; those of all streams together below ``*``.

    Outputs wait in a queue. While the broker is away, learning goes on, and the oldest outputs are left out. When it is
    back, the last thresholds and changes are sent again.

    Args:
        address: Broker and topics of the streams.
        kinds: Kinds of outputs to publish.
        qos: 0 or 1; thresholds and changes are retained and sent with 1.
    """

    def __init__(self, address: Address, kinds: Collection[str] = OUTPUT_KINDS, qos: int = 0) -> None:
        super().__init__(address, Connection(address, greet=self._greet, qos=qos))
        self._kinds, self._thresholds = kinds, dict[str, bytes]()
        self._queue = asyncio.Queue[tuple[str, bytes, bool]](WAITING_OUTPUTS)
        self._publishing: asyncio.Task[None] | None = None
        self._stuck, self.unsent = False, 0

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._publishing = asyncio.create_task(self._publish(), name="ergoscope-outputs")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.connection.broken:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._queue.join(), LAST_SECONDS)
        if self._publishing is not None:
            self._publishing.cancel()
        await super().__aexit__(kind, value, trace)

    async def _publish(self) -> None:
        while True:
            await self.connection.publish(*await self._queue.get())
            self._queue.task_done()
            self._stuck = False

    async def _greet(self, send: Send) -> None:
        for topic, payload in self._thresholds.items():
            await send(topic, payload, True)

    async def send(self, item: Output) -> None:
        """Queue the messages of an output; this waits for room only while queued messages are published."""
        for kind, payload in output_messages(item, self._kinds):
            topic, retain = self.address.topic("ergoscope", kind, stream=item.stream), kind in RETAINED
            if retain:
                self._thresholds[topic] = payload
                if len(self._thresholds) > 4 * MOST_STREAMS:  # as streams are forgotten
                    del self._thresholds[next(iter(self._thresholds))]
            for _ in range(PATIENCE):
                if self._stuck or not self._queue.full():
                    break
                await asyncio.sleep(0.001)
            if self._queue.full():
                self._stuck = True
                self._queue.get_nowait()
                self._queue.task_done()
                self.unsent += 1
            self._queue.put_nowait((topic, payload, retain))
