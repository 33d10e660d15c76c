from pathlib import Path

import numpy as np
import pytest

from ergoscope.simulator import read_recording


def rows(decimals: int, count: int, fixed: bool) -> list[str]:
    """Return samples as a European logger writes them, without the last column of the header."""
    y = np.random.default_rng(decimals).uniform(0, 30, count)
    texts = [f"{x:.{decimals}f}" for x in y]
    shortest = [
        t if fixed else t.rstrip("0").rstrip(".") + ".0" * ("." not in t.rstrip("0").rstrip(".")) for t in texts
    ]
    return [f"{t},{text.replace('.', ',')}" for t, text in enumerate(shortest)]


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("decimals", [1, 2, 3])
@pytest.mark.parametrize("count", [5, 1200])
def test_a_decimal_comma_that_fits_the_header_is_refused(
    tmp_path: Path, decimals: int, count: int, fixed: bool
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("\n".join(["t,y,note", *rows(decimals, count, fixed)]))
    for time in (None, "t"):
        with pytest.raises(ValueError, match="may be one number with a decimal comma: columns 'y' and 'note'"):
            read_recording(file, ["y"], time=time)


def test_in_an_input_or_the_time_too(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("y,u,note\n0,1,25\n1,2,5\n2,3,75\n")
    with pytest.raises(ValueError, match="columns 'u' and 'note'"):
        read_recording(file, ["y"], ["u"])
    file.write_text("y,t,note\n0,0,25\n1,0,5\n2,0,75\n")
    with pytest.raises(ValueError, match="columns 't' and 'note'"):
        read_recording(file, ["y"], time="t")


@pytest.mark.parametrize(
    "text",
    [
        "t,y,u\n0,1,5\n1,2,25\n",  # u is named
        "t,y,note\n0,1,5\n1,2,5\n",  # constant
        "t,y,note\n0,1,0\n1,2,1\n2,1,1\n",  # a flag
        "t,y,note\n0.5,1,5\n1.5,2,25\n",  # decimal points
        "t,y,note\n0,1,10\n1,2,5\n",  # 1,10 would be written 1,1
        "t,y,note\n0,1,-5\n1,2,25\n",
        "t,y,note\n0,1,a\n1,2,b\n",
        "t,note,y\n0,5,1\n1,25,2\n",  # the last column
        "t,y,gear\n" + "".join(f"{i},{i % 50},{1 + i * i % 6}\n" for i in range(100)),
        "t,y,count\n" + "".join(f"{i},{i % 50},{100 + i}\n" for i in range(100)),
    ],
)
def test_whole_numbers_are_read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text)
    inputs = ["u"] if ",u\n" in text else []
    at = text.split("\n")[0].split(",").index("y")
    want = [float(line.split(",")[at]) for line in text.split("\n")[1:] if line]
    assert read_recording(file, ["y"], inputs).outputs[0, :, 0].tolist() == want
