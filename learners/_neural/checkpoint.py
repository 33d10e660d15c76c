"""A file with the parameters of one run at some of its steps, and the words that make its network again.

It is an archive of NumPy, .npz, without pickled objects: an array STEP/NAME for each parameter, and ``about``, a text
in JSON.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from struct import error as BadStruct
from typing import Any, NamedTuple
from zipfile import BadZipFile
from zlib import error as BadBytes

import numpy as np
from numpy.typing import NDArray

from ..._core.files import atomic_path
from ..._core.json_values import json_text

ABOUT = "about"
DAMAGE = (  # what reading a file that is no archive, or a broken one, may raise
    OSError, ValueError, EOFError, LookupError, AttributeError, TypeError, ArithmeticError, SyntaxError, MemoryError,
    RuntimeError, BadZipFile, BadBytes, BadStruct,
)  # fmt: skip
WORDS = dict(task=str, learner=str, network=str, size=int, characters=str)


class Checkpoint(NamedTuple):
    """The parameters of a run, kept.

    Attributes:
        task: The task, with its options.
        learner: The words of the run: network, width, rate and the like.
        network: Name of the network with those options that change what it computes.
        size: Its size.
        characters: The characters of the task, in the order of their numbers; ``""`` where it has none.
        kept: The parameters by their names, for each number of updates.
    """

    task: str
    learner: str
    network: str
    size: int
    characters: str
    kept: dict[int, dict[str, NDArray[Any]]]

    @property
    def step(self) -> int:
        """Updates done at the last parameters."""
        return max(self.kept)

    @property
    def parameters(self) -> dict[str, NDArray[Any]]:
        """The last parameters."""
        return self.kept[self.step]

    @property
    def settings(self) -> dict[str, Any]:
        """What a run depends on that starts from the last parameters; the digest is that of their content."""
        content = hashlib.sha256(f"{self.network} {self.characters}".encode())
        for word, leaf in sorted(self.parameters.items()):
            content.update(f"{word} {leaf.dtype.str} {leaf.shape} ".encode() + np.ascontiguousarray(leaf).tobytes())
        return dict(task=self.task, learner=self.learner, step=self.step, digest=content.hexdigest()[:16])


def save_checkpoint(checkpoint: Checkpoint, path: str | Path) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        ValueError: It cannot be written there.
    """
    arrays = {f"{step}/{name}": array for step, tree in checkpoint.kept.items() for name, array in tree.items()}
    about = json_text({word: getattr(checkpoint, word) for word in WORDS})
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays, **{ABOUT: np.array(about)})


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        ValueError: There is no such file, it is broken, or it is no checkpoint.
    """
    kept, about = read_arrays(path)
    words = None if about is None else _words(about)
    if words is None or not kept:
        raise ValueError(
            f"{str(path)!r} does not say of which network its arrays are: give a file that ergoscope emerge --keep or "
            "learners.save_checkpoint wrote."
        )
    return Checkpoint(**words, kept=kept)


def read_arrays(path: str | Path) -> tuple[dict[int, dict[str, NDArray[Any]]], str | None]:
    """Return the parameters of a checkpoint at each step, and its text; None where it has none.

    Raises:
        ValueError: There is no such file, it is broken, or its arrays are no parameters.
    """
    found: dict[int, dict[str, NDArray[Any]]] = {}
    about = None
    if Path(path).is_dir():
        raise ValueError(f"{str(path)!r} is a folder: name a file in it, such as runs/../seed-1.npz.")
    if not Path(path).is_file():
        raise ValueError(f"there is no file {str(path)!r}: name one that ergoscope emerge --keep has written.")
    try:
        # The file is opened here, for NumPy leaves that of a broken archive open.
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            for word in arrays.files:
                if word == ABOUT:
                    about = str(arrays[word])
                    continue
                step, _, name = word.partition("/")
                found.setdefault(int(step), {})[name] = arrays[word]
    except DAMAGE as exc:
        raise ValueError(
            f"{str(path)!r} is no checkpoint, or is broken: give a .npz file that ergoscope emerge --keep has written."
        ) from exc
    return found, about


def _words(about: str) -> dict[str, Any] | None:
    """Return the words of a checkpoint, or None if they are none."""
    try:
        said = json.loads(about)
        words = {word: said[word] for word in WORDS}
    except (ValueError, KeyError, TypeError):
        return None
    return words if all(type(words[word]) is kind for word, kind in WORDS.items()) else None
