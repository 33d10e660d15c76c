"""From how many rows on do small networks learn a parity, and when: the passages of single runs behind one sentence."""

import argparse
from pathlib import Path

from ergoscope.analysis import emerge, save_emergence
from ergoscope.learners import read_recipe
from ergoscope.simulator import parity

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=Path("runs/first-passage"), help="folder of the results")
parser.add_argument("--runs", type=int, default=8, help="networks of each size of the set")
parser.add_argument("--steps", type=int, default=1000, help="updates of each network")
asked = parser.parse_args()

task = parity(bits=10, k=2)  # 45 pairs of bits could explain a label; the networks are to find the one
network = "mlp:width=32,decay=0.1"
print(task.name, "with", read_recipe(network, task).model.parameters(32), "parameters")

found = emerge(task, "rows", [16, 32, 64, 128], network, runs=asked.runs, steps=asked.steps, folder=asked.out)
print(found.sentence)
print(found.shares.select("rows", "runs", "passed", "share", "low", "high", "median"))

memorised = found.set_passages.select("run", "rows", memorised="high")
generalised = found.passages.select("run", generalised="high")
print(memorised.join(generalised, on="run").group_by("rows").median().drop("run").sort("rows"))
for file in save_emergence(found, asked.out):
    print(file)
