"""The first value from which on something is there, over every sequence of states."""

from __future__ import annotations

from itertools import product

from ergoscope.analysis._growth.onset import ABSENT, PRESENT, UNDECIDED, onset


def test_every_sequence_of_states_has_one_answer() -> None:
    for length in range(1, 6):
        for states in product((PRESENT, ABSENT, UNDECIDED), repeat=length):
            found = onset(states)
            decided = [k for k, state in enumerate(states) if state != ABSENT]
            if not decided:
                assert found == ("above", None, None, ())
            elif states[decided[0]] == UNDECIDED:
                assert found == ("undecided", None, decided[0], ())
            else:
                again = tuple(k for k in range(decided[0], length) if states[k] == ABSENT)
                assert found == ("undecided" if again else "located", decided[0], None, again)
