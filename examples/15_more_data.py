"""How many samples tell two filter lengths apart: ask a short recording, take that many, and look again."""

import argparse

from ergoscope.analysis import locate
from ergoscope.simulator import simulate, zoo

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--samples", type=int, default=1000, help="samples of the first recording")
parser.add_argument("--seed", type=int, default=0, help="seed of the plant")
asked = parser.parse_args()

plant = zoo("random-walk")
first = locate(simulate(asked.seed, plant, asked.samples), sizes=range(9), model=False)
print(first.sentence)

for more in first.more:
    print(more)
wanted = next(more for more in first.more if len(more.sizes) == 2)
if not wanted.enough:
    print("these samples do not say how many are enough: take another --seed, or more --samples")
else:
    # The same seed: the first samples are those of the recording above.
    for samples in (asked.samples, wanted.samples):
        pair = locate(simulate(asked.seed, plant, samples), sizes=wanted.sizes, model=False).best.pairs
        low, high, verdict = pair.select("low", "high", "verdict").row(0)
        print(f"{samples} samples: {wanted.sizes[1]} against {wanted.sizes[0]}: {verdict}, {low:.4f} to {high:.4f}")
