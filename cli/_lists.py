"""The commands that list and show what there is: systems and tasks, learners, devices."""

from __future__ import annotations

import warnings
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from .._core.json_values import json_text
from ._options import AsJson, Out
from ._printing import console, show_learner, show_learners, show_names, show_network, show_portrait

if TYPE_CHECKING:
    from ..simulator._tasks.process import Process

FEW_KINDS = 4  # all are named


def zoo(
    name: Annotated[str | None, typer.Argument(help="A system or a task to show; without it, list all.")] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """List the systems and the tasks, each with its theory, or show one: of a system exact errors and a figure."""
    from ..simulator._tasks.find import is_task

    if name is None:
        if out is not None or as_json:
            raise ValueError("--out and --json need one system: name it, or leave them out for the list.")
        show_zoo()
        return
    if is_task(name):
        if out is not None:
            raise ValueError(f"--out is an option for systems, and {name} is a task: leave it out.")
        show_task(name, as_json)
        return
    _check_known(name)
    from .. import analysis
    from .._core.files import check_folder
    from ..analysis._reports.portrait import portrait_json

    folder = check_folder(out or Path("runs") / name)
    drawn = analysis.portrait(name)
    files = analysis.save_portrait(drawn, folder)
    if as_json:
        print(json_text(portrait_json(drawn, files)))
    else:
        show_portrait(drawn, files)


def learners(
    name: Annotated[str | None, typer.Argument(help="A learner to show; without it, list all.")] = None,
) -> None:
    """List the learners, or show one: its equation, its options and their defaults, its references."""
    from ..learners._catalogue import CATALOGUE, learner_entry, learner_names, learner_options
    from ..learners._neural.recipe import MODELS

    if name is None:
        show_learners(learner_names())
        console.print(f"Networks for tasks (ergoscope emerge), shown in the same way: {', '.join(MODELS)}")
        return
    if name in CATALOGUE or name not in MODELS:
        show_learner(name, learner_entry(name), learner_options(name))
    if name in MODELS:
        show_network(name)


def devices() -> None:
    """List the devices of this machine, by the names for --device."""
    from .._core.devices import all_devices

    found = all_devices()
    show_names({f"{device.platform}:{device.id}": str(device.device_kind) for device in found})
    if all(device.platform == "cpu" for device in found):
        hint = "No GPU was found. With an NVIDIA driver, in a checkout: pip install '.[cuda]'"
        console.print(hint)
    for kind in dict.fromkeys(device.platform for device in found):
        if sum(device.platform == kind for device in found) > 1:
            console.print(f"{kind}:all spreads the streams over all devices of this kind.")


def _check_known(name: str) -> None:
    """Raise ValueError, with the nearest name of all, unless there is such a system."""
    from .._core.text import did_you_mean
    from ..simulator._systems.zoo import ENTRIES
    from ..simulator._tasks.find import TASKS, TEXTS

    if name not in ENTRIES:
        names = [*ENTRIES, *TASKS, *TEXTS]
        hint = did_you_mean(name.partition(":")[0], names)
        raise ValueError(f"no system or task is called {name!r}{hint} The names are: {', '.join(names)}.")


def show_zoo() -> None:
    """Print the systems and the tasks, each with its theory."""
    from ..analysis import theory
    from ..simulator import zoo, zoo_names
    from ..simulator._tasks.find import task_names

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("system", style="bold")
    table.add_column("h*", justify="right")
    table.add_column("what it is")
    for name, line in zoo_names().items():
        system = zoo(name)
        with warnings.catch_warnings(action="ignore"):
            size = "-" if system.time_varying else str(theory(system).critical_size)
        table.add_row(name, size, line)
    console.print(table)
    console.print("h*: the shortest filter with bounded error, by theory; - for a system that varies in time.")
    console.print()
    show_names(task_names(), "task", "what it is, and what is known of it")
    console.print(
        "ergoscope locate SYSTEM and ergoscope emerge TASK find the size, the data or the time by measurement."
    )


def show_task(words: str, as_json: bool) -> None:
    """Print what is known of a task, or of a stream of texts."""
    from ..simulator._tasks.find import is_texts

    facts = _of_texts(words) if is_texts(words) else _of_examples(words)
    if as_json:
        print(json_text(facts))
        return
    unit = dict(
        chance=" nats, the loss of who knows nothing",
        rows=" rows in a usual set",
        domain=" different examples",
        threshold=" texts a concept: there, most are learned at once, exactly so for many concepts",
        below=" of the concepts are learned just below it",
        above=" just above it",
        spread=" / sqrt(R): standard deviation of the threshold of a stream of R concepts",
    )
    show_names({word: f"{value}{unit.get(word, '')}" for word, value in facts.items() if value is not None})
    if is_texts(words) and facts["threshold"] is None:
        console.print("There is no threshold: texts must name more than e = 2.718 concepts on average for a jump.")


def _of_examples(words: str) -> dict[str, Any]:
    from ..simulator._tasks.find import find_task

    task = find_task(words)
    return dict(
        task=task.name,
        about=task.about,
        theory=task.theory,
        inputs=task.inputs,
        symbols=task.symbols,
        labels=task.classes,
        chance=round(task.chance, 6),
        domain=task.domain,
        rows=task.rows,
        kinds=_kinds(task),
        **_of_lines(task),
    )


def _of_lines(task: Process) -> dict[str, Any]:
    """Return a row of a task of lines as text, and the numbers of its characters."""
    if not task.characters:
        return {}
    from ..simulator._tasks.arithmetic.alphabet import decode
    from ..simulator._tasks.observations import task_chunks

    tokens = next(task_chunks(task, task.inputs + 1)).outputs[0, :, 0].astype(int)
    numbers = " ".join(f"{i}={character}" for i, character in enumerate(task.characters))
    return dict(example=decode(tokens, task.characters), characters=numbers)


def _kinds(task: Process) -> str | None:
    if len(task.kinds) == 1:
        return None
    if len(task.kinds) <= FEW_KINDS:
        return ", ".join(f"{kind} ({share:.3g})" for kind, share in zip(task.kinds, task.frequency, strict=True))
    first, last = task.frequency[0], task.frequency[-1]
    return f"{len(task.kinds)} of examples, with frequencies from {first:.3g} ({task.kinds[0]}) to {last:.3g}"


def _of_texts(words: str) -> dict[str, Any]:
    from ..analysis import learning_jump
    from ..analysis._exact.threshold_spread import stream_spread
    from ..simulator._tasks.find import find_texts

    stream = find_texts(words)
    jump = learning_jump(stream.mean)
    exact = dict(threshold=jump.load, below=jump.below, above=jump.above, spread=stream_spread(stream.mean))
    known = {word: None if isnan(value) else round(float(value), 6) for word, value in exact.items()}
    about = dict(task=stream.name, about=stream.about, theory=stream.theory)
    return about | dict(concepts=stream.concepts, mean=stream.mean) | known
