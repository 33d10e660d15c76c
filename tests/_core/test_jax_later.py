"""JAX is first asked for by several threads at once where networks are trained."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from ergoscope._core import jax_later


def test_threads_that_ask_at_once_find_every_class_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[int] = []

    def register(one: int) -> None:
        time.sleep(0.01)
        registered.append(one)

    fake = SimpleNamespace(tree_util=SimpleNamespace(register_pytree_node_class=register), word=registered)
    monkeypatch.setattr(jax_later, "import_module", lambda name: fake)
    monkeypatch.setattr(jax_later, "_classes", list(range(5)))
    later = jax_later._Later("jax")
    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(lambda _: len(later.word), range(8)))
    assert seen == [5] * 8 and sorted(registered) == list(range(5))
