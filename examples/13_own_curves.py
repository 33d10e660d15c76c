"""Tables of errors that others measured: a published sweep of language models, and curves with a known answer."""

from pathlib import Path

from ergoscope.analysis import emerge_texts, locate_curves, save_curves

# The losses of 240 language models, read from a figure (examples/data/README.md). The law published for this table:
published = dict(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
table = Path(__file__).parent / "data" / "chinchilla.csv"
models = locate_curves(table, size="params", along="tokens", error="loss", where={"outlier": 0}, draws=100)
print(models.sentence)
for row in models.law.table.iter_rows(named=True):
    beside = f"published {published[row['name']]:g}" if row["name"] in published else ""
    print(f"  {row['name']:>5} {row['value']:8.4g}  95 % {row['low']:.4g} to {row['high']:.4g}  {beside}")
inside = [row["low"] <= published[row["name"]] <= row["high"] for row in models.law.table.head(5).to_dicts()]
print("every published number lies within its interval:", all(inside))
print(save_curves(models, "own-curves")[0])

# How many concepts do 1000 texts teach? The streams of `emerge skills --along slots`, as a table of shares learned.
streams = emerge_texts("skills", "slots", [160, 180, 200, 220, 240, 280], runs=12, texts=1000)
roles = dict(size="slots", along="texts", error="learned", run="run")
found = locate_curves(streams.curves, **roles, level=0.5, higher_is_better=True)
print(streams.sentence)
print(found.sentence)
print("the same answer as emerge, to the last digit:", found.level.emergence.value == streams.emergence.value)
