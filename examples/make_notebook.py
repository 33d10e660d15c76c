"""Write from_frame_to_filter.ipynb: from a frame of measurements to a predictor in C. It runs each cell once.

pip install nbclient ipykernel
python examples/make_notebook.py
"""

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
CELLS = [
    """# From a frame to a filter

How many past samples does a predictor of this signal need, and how does it get into my own program? Ergoscope lets
predictors of every length run over the recording, each sample forecast before it is learned, and compares them.""",
    """>>>
import numpy as np
import polars as pl

# Any frame will do, of polars or pandas. Here: a tank whose level follows a valve, seen through a noisy sensor.
rng = np.random.default_rng(4)
valve = np.repeat(rng.integers(0, 2, 40), 25).astype(float)
level = np.zeros(len(valve))
for t in range(2, len(level)):
    level[t] = 1.6 * level[t - 1] - 0.64 * level[t - 2] + 0.08 * valve[t - 1] + 0.01 * rng.standard_normal()
frame = pl.DataFrame(dict(valve=valve, level=20 + level + 0.05 * rng.standard_normal(len(level))))
frame.head(3)""",
    """## The answer

The last line of a cell shows it: what to do now, the last samples with their forecasts, the error of each length.""",
    """>>>
from ergoscope import locate

found = locate(frame, output="level", input="valve", sizes=range(11), name="tank")
found""",
    """## Its parts

`found.rungs` is the table as a frame, `found.advice` what to do, `found.to_dict()` all of it as plain values. Figures
are those of matplotlib, on your own axes if you like.""",
    """>>>
import matplotlib.pyplot as plt

from ergoscope.analysis import growth_figure, size_figure

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
growth_figure(found, ax=left)
size_figure(found, ax=right)
right.set_title("tank: error of each window length", loc="left")
figure.tight_layout()""",
    """>>>
found.advice.costs""",
    """## The predictor

Its weights are those that were learned by the end. They are plain numbers, in the units of the frame.""",
    """>>>
predictor = found.predictor()
print(f"{predictor.length} lags; constant {predictor.constant[0]:.3f}")
print("taps of the level:", predictor.output_taps[:, 0, 0].round(3))
print("taps of the valve:", predictor.input_taps[:, 0, 0].round(3))""",
    """>>>
forecasts = predictor.forecasts(frame["level"], frame["valve"])[:, 0]
plt.figure(figsize=(10, 3))
plt.plot(frame["level"][-150:], "k.", ms=3, label="measured")
plt.plot(forecasts[-150:], label="forecast, one sample ahead")
plt.legend()
plt.show()""",
    """## Into your own program

C without allocation, Python, python-control or JSON. The C gives these forecasts bit for bit.""",
    """>>>
from ergoscope.learners import export_predictor

files = export_predictor(predictor, "tank", to="c", name="tank")
print(files[1].read_text()[:420], "..")""",
]


def notebook() -> nbformat.NotebookNode:
    """Return the notebook without outputs."""
    cells = [
        nbformat.v4.new_code_cell(text.removeprefix(">>>\n"))
        if text.startswith(">>>")
        else nbformat.v4.new_markdown_cell(text)
        for text in CELLS
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)


def executed(folder: str) -> nbformat.NotebookNode:
    """Return the notebook with its outputs, run in a folder."""
    made = notebook()
    NotebookClient(made, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    for cell in made.cells:  # what differs from run to run says nothing
        cell.get("metadata", {}).pop("execution", None)
    return made


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        nbformat.write(executed(folder), HERE / "from_frame_to_filter.ipynb")
