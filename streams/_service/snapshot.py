"""What a service is, as arrays and words, and a service made of them again: the bits of one that never ended.

Nothing is pending when it is told; what waits for an earlier sample is told with it, and the record of the journal up
to which it has learned.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._messages.arrow_codec import decode_arrow, encode_arrow
from .._messages.outputs import Counts
from .._storage.checkpoint import Arrays, read_checkpoint, write_checkpoint
from .sequencer import Sequencer

if TYPE_CHECKING:
    from .service import Service


def save_service(service: Service, folder: Path) -> None:
    """Write a checkpoint of a service; nothing where no stream has come.

    Raises:
        ValueError: It cannot be written.
    """
    if service.lanes is None:
        return
    arrays: Arrays = service.lanes.state()
    told = []
    for name in service.lanes.streams:
        stream = service.streams[name]
        order = stream.sequencer
        held = [base64.b85encode(encode_arrow(rows)).decode() for _, rows in sorted(order.held.items())]
        told.append(
            dict(name=name, epoch=order.epoch, expected=order.expected, held=held, counts=vars(order.counts))
            | dict(next_verdict=stream.verdicts.due, heard=stream.heard)
        )
    words = dict(settings=_settings(service), samples=service.samples, forgotten=service.forgotten)
    plants = list(dict.fromkeys([*service.lanes.plants, *service.plants.values()]))
    known = {name: plants.index(plant) for name, plant in service.plants.items()}
    words |= dict(
        position=service.position, streams=told, plants=plants, oracles=len(service.lanes.plants), known=known
    )
    write_checkpoint(folder, arrays, words)


def load_service(service: Service, folder: Path) -> bool:
    """Make a service that has seen nothing what a checkpoint tells; return whether there is one.

    Raises:
        ValueError: It cannot be read, or is of other settings.
    """
    found = read_checkpoint(folder)
    if found is None:
        return False
    arrays, words = found
    there = words["settings"]
    lanes = service.open(there["outputs"], there["inputs"])
    here = _settings(service)
    other = [word for word in here if here[word] != there.get(word)]
    if other:
        raise ValueError(
            f"the checkpoint in {str(folder)!r} is of another {other[0]}: {there.get(other[0])!r:.80}, here it is "
            f"{here[other[0]]!r:.80}. Name another folder, or the same {other[0]}."
        )
    service.samples, service.forgotten = words["samples"], words["forgotten"]
    service.position = words["position"]
    for told in words["streams"]:
        stream = service.stream(told["name"])
        stream.verdicts.due, stream.heard = told["next_verdict"], told["heard"]
        held = [decode_arrow(base64.b85decode(rows), told["name"]) for rows in told["held"]]
        stream.sequencer = Sequencer(
            service.window,
            told["epoch"],
            told["expected"],
            {rows.sequence or 0: rows for rows in held},
            Counts(**told["counts"]),
        )
    service.plants = {name: words["plants"][place] for name, place in words["known"].items()}
    lanes.restore([told["name"] for told in words["streams"]], words["plants"][: words["oracles"]], arrays)
    return True


def _settings(service: Service) -> dict[str, Any]:
    assert service.lanes is not None
    driver = service.lanes.driver
    learner = driver.learner
    return dict(
        learner=service.words or learner.name,
        sizes=list(learner.sizes),
        outputs=driver.outputs,
        inputs=driver.inputs,
        center=service.center,
        precision=service.precision,
        window=service.window,
        width=driver.width,
    )
