"""Networks by words such as ``mlp:width=64,decay=0.1``: the model, its size, its numbers and its rule."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..._core.devices import Precision
from ..._core.named_options import read_options
from ..._core.text import did_you_mean
from ...simulator._tasks.process import Process
from .embedding_mlp import embedding_mlp
from .fixed_embedding_mlp import fixed_embedding_mlp
from .mlp_model import mlp_model
from .model import Model
from .optimiser import Knobs, Optimiser, check_knobs, check_optimiser
from .transformer import transformer


class Recipe(NamedTuple):
    """How a network is trained.

    Attributes:
        name: The words, with every option.
        model: The network, for one task.
        size: Its size, the width.
        knobs: Rate, decay and the like.
        optimiser: The rule of the updates.
        batch: Rows of a batch; None: the whole set.
    """

    name: str
    model: Model
    size: int
    knobs: Knobs
    optimiser: Optimiser
    batch: int | None


# What every network takes beside the options of its own, and what it does not say is then this.
SHARED: dict[str, Any] = dict(Knobs(rate=0.01, decay=0.1)._asdict(), **Optimiser()._asdict(), batch=0)
MODELS: dict[str, dict[str, Any]] = {
    "mlp": dict(SHARED, width=64, activation="relu", bias=True),
    "embedding-mlp": dict(
        SHARED, width=24, rate=1e-3, decay=1.0, embedding=500, form="tied", activation="relu", spread=1.0
    ),
    "fixed-embedding-mlp": dict(SHARED, width=5, rate=0.01, decay=1e-3, activation="relu"),
    "transformer": dict(SHARED, width=48, rate=2e-3, batch=64, layers=2, heads=4),
}
FACTORIES = {
    "mlp": mlp_model,
    "embedding-mlp": embedding_mlp,
    "fixed-embedding-mlp": fixed_embedding_mlp,
    "transformer": transformer,
}


def model_names() -> tuple[str, ...]:
    """Return the names of the networks that are trained on tasks."""
    return tuple(MODELS)


def default_model(process: Process) -> str:
    """Return the name of the network that a task is tried with first."""
    if process.asked:
        return "transformer"
    return "mlp" if process.symbols is None else "embedding-mlp"


def usual_precision(process: Process) -> Precision:
    """Return the precision that networks on a task have unless another is asked for.

    float64 for symbols that are added, whose losses become tiny; float32 for numbers and for lines of characters.
    """
    return "float32" if process.symbols is None or process.characters else "float64"


def read_recipe(words: str | None, process: Process) -> Recipe:
    """Return the network that ``NAME`` or ``NAME:option=value,..`` names, for a task.

    Args:
        words: Name and options; None: the network that suits the task.
        process: The task.

    Raises:
        ValueError: There is no such network or option, a value cannot be, or the network does not take this task.
    """
    name, _, rest = (words or default_model(process)).partition(":")
    if name not in MODELS:
        raise ValueError(f"no network is called {name!r}{did_you_mean(name, MODELS)} There are {', '.join(MODELS)}.")
    chosen = read_options(name, rest, {word: type(value) for word, value in MODELS[name].items()})
    return recipe(name, process, **chosen)


def recipe(name: str, process: Process, **chosen: Any) -> Recipe:
    """Return the network with this name and these options, the others at their defaults."""
    options = MODELS[name] | chosen
    full = f"{name}:" + ",".join(f"{word}={_text(value)}" for word, value in options.items())
    width, batch = options.pop("width"), options.pop("batch")
    knobs = Knobs(**{word: options.pop(word) for word in Knobs._fields})
    optimiser = Optimiser(**{word: options.pop(word) for word in Optimiser._fields})
    check_knobs(knobs)
    check_optimiser(optimiser)
    model = FACTORIES[name](process, **options)
    if width < 1:
        raise ValueError(f"the width must be at least 1, got {width}.")
    model.parameters(width)  # of a transformer it is a multiple of the heads
    if batch < 0:
        raise ValueError(f"a batch must have at least one row, got {batch}; 0 is the whole set.")
    return Recipe(full, model, width, knobs, optimiser, batch or None)


def run_words(recipe: Recipe, size: int, knobs: Knobs) -> str:
    """Return the words of one run of a recipe, which may have another size and other numbers."""
    name, _, rest = recipe.name.partition(":")
    options = dict(part.split("=") for part in rest.split(","))
    options |= {word: _text(value) for word, value in dict(knobs._asdict(), width=size).items()}
    return f"{name}:" + ",".join(f"{word}={value}" for word, value in options.items())


def _text(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
