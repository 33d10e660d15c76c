"""Every ``ergoscope ..`` line of the README and the pages: it parses, and it is run here or says why not.

Runs are short: options are added after those of the page, and the last one of a name counts.
"""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from ergoscope.cli import main
from ergoscope.cli._main import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GROUP = typer.main.get_command(app)
ALONE = {"zoo", "learners", "devices"}  # commands that run without arguments
SHORT = ("--horizon", "400", "--replicates", "8", "--sizes", "0..2")
SCORED = ("--quick", "--replicates", "2", "--in-process")

# Words of a page that stand for something of the reader's.
STANDS_FOR = {
    "FOLDER": "located", "FILE": "again.html", "PLANT": "plant.toml", "PREDICTOR": "ladder:size=1", "..": "random-walk",
}  # fmt: skip

RUN: dict[str, tuple[str, ...]] = {
    "zoo": (),
    "zoo double-integrator": (),
    "zoo parity": (),
    "zoo skills": (),
    "publish parity --steps 1000": ("--steps", "2"),
    "simulate parity --steps 10000 --out parity.parquet": ("--steps", "20"),
    "publish skills:concepts=100 --steps 3": (),
    "simulate skills --steps 1000 --out texts.parquet": ("--steps", "20"),
    "emerge parity --along steps --rows 1600": ("--runs", "1", "--steps", "2", "--rows", "20"),
    "zoo NAME --json": ("random-walk",),
    "learners": (),
    "learners NAME": ("ladder",),
    "devices": (),
    "locate double-integrator --horizon 20000 --replicates 256 --sizes 0..8": SHORT,
    "locate double-integrator --learner square-root-rls:forgetting=0.99": SHORT,
    "locate double-integrator --learner ssm --sizes 1..5": SHORT,
    "locate double-integrator --learner gru --sizes 1..5": (*SHORT, "--sizes", "1..2"),
    "locate plant.toml": SHORT,
    "locate plant.py:plant --q 1 --r 0.01 --dt 0.1": SHORT,
    "locate data.parquet --output y --by run --time time": ("--sizes", "0..2"),
    "locate data.parquet --output y --learner length-mixture:longest=16,share=0.01": ("--by", "run", "--time", "time"),
    "locate examples/data/nile.csv --output flow --time year": ("--sizes", "0..2", "--no-model"),
    "locate examples/data/boiler.csv --time Zeit": ("--sizes", "0..2", "--no-model"),
    "locate examples/data/boiler.csv --time Zeit --time-order --missing -999": ("--sizes", "0..2", "--no-model"),
    "replay examples/data/boiler.csv --time Zeit --decimal ','": (),
    "locate .. --json": SHORT,
    "simulate double-integrator --steps 10000 --replicates 8 --out data.parquet": (
        "--steps", "400", "--out", "more.parquet",
    ),
    "design double-integrator --horizon 20000 --tolerance 1%": (),
    "design PLANT --json": (),
    "report FOLDER --out FILE": (),
    "simulate dc-motor --input prbs --steps 2000 --out motor.csv": (),
    "simulate random-walk --steps 1000 --out walk.csv": (),
    "locate walk.csv --output y --no-model": ("--sizes", "0..2"),
    "locate motor.csv --output y --input u --sizes 0..16": ("--sizes", "0..2", "--no-model"),
    "locate motor.csv --output y --input u --learner subspace --sizes 1..10": ("--sizes", "1..2", "--no-model"),
    "export PLANT": (),
    "export runs/nile --size 1 --to c": (),
    "export runs/nile --size 2 --to json": (),
    "export runs/nile --to python": (),
    "export double-integrator --to python": (),
    "export double-integrator --to filterpy": (),
    "score runs/nile/nile_2.json --plant plant.toml": (*SCORED, "--cases", "plant"),
    "report runs/first": (),
    "sweep experiment.toml": (),
    "sweep experiment.toml --check": (),
    "sweep --check": ("experiment.toml",),
    "score my_predictor.py:make": (*SCORED, "--cases", "plant"),
    "score my_predictor.py:make --plant plant.toml": (*SCORED, "--cases", "plant"),
    "score PREDICTOR --json": (*SCORED, "--cases", "plant"),
    "score tests/analysis/_scoring/flawed.py:kalman --cases plant,stress --quick": (*SCORED, "--cases", "plant"),
    'score ./my_predictor --quick --require "bounded, plant:excess<5%"': (
        "--replicates", "2", "--cases", "plant", "--require", "plant:excess<1000%",
    ),
    "score my_predictor.py:make --recording data.csv --output y": ("--in-process", "--by", "run", "--sizes", "0..2"),
    'score my_predictor.py:make --recording data.csv --output y --require "excess<5%, finite"': (
        "--in-process", "--by", "run", "--sizes", "0..2", "--require", "finite",
    ),
    "score PREDICTOR --recording data.csv --json": ("--in-process", "--by", "run", "--output", "y", "--sizes", "0..2"),
    "learn - --sizes 0..16": (),
    "learn - --sizes 0..16 --bands 95%": (),
    "learn run/ --sizes 0..16": (),
    "locate-curves examples/data/chinchilla.csv --size params --along tokens --error loss --where outlier=0": (
        "--draws", "20",
    ),
    "locate-curves located/curves.parquet": (),
}  # fmt: skip

LAB = "mqtt://localhost:1883/lab"
LIVE = [  # with a broker and its port, in this order; those that end by themselves are waited for
    ("broker", ""),
    (f"learn {LAB}/+ --sizes 0..16", ""),
    (f"learn {LAB}/+ --sizes 0..16 --state ./learned", ""),
    (f"record {LAB}/+ --out run/", ""),
    (f"publish double-integrator --to {LAB}/plant1 --block 128 --state ./sent", "--steps 256"),
    (f"publish double-integrator --to {LAB}/plant1 --rate 200 --block 16", "--steps 64"),
    (f"replay run/ --to {LAB}/again --speed 10x", ""),
    (f"replay examples/data/nile.csv --output flow --units flow=m3/a --to {LAB}/nile", ""),
    ("inspect mqtt://localhost:1883/#", "--for 1"),
    (f"watch {LAB} --once", "--for 1"),
    (f"watch {LAB}", "--for 1"),
]

CLUSTER = "needs a cluster and a shared folder: tests/analysis/_sweeps/test_dask_client.py starts one"
EMERGE = "tests/analysis/_emergence/test_emerge.py trains smaller ones along each axis"
STUDY = "tests/analysis/_studies/test_registry.py runs every study"
GROKKING = "tests/analysis/_studies/grokking/test_grokking.py runs it"
LINES = "tests/analysis/_emergence/test_emerge_lines.py trains smaller ones"
KINDS = "tests/analysis/_emergence/test_kinds.py trains smaller ones"
TEXTS = "tests/analysis/_emergence/test_emerge_texts.py reads fewer texts along each axis"
SKILLS = "tests/analysis/_studies/skills/test_skills.py runs it on fewer streams"
ARITHMETIC = "tests/analysis/_studies/arithmetic/test_arithmetic.py runs it on fewer runs"
QUANTA = "tests/analysis/_studies/quanta/test_quanta.py runs it on fewer tasks"
OWN = "tests/analysis/_curves has tables of this kind"
PAYLOADS = "tests/streams/_mqtt/test_mapped_source.py publishes such payloads"
MQTT = "learn mqtt://localhost:1883"
TOGETHER = "tests/cli/test_beside.py has all three options"
NOT_RUN = {
    "learn - --sizes 0..16 --changes": "tests/streams/_service/test_changes.py watches such streams",
    f"{MQTT}/zigbee2mqtt/+ --y temperature --u setpoint --time last_seen": PAYLOADS,
    f"{MQTT}/zigbee2mqtt/+ --y temperature --every 10s --hold 1h": PAYLOADS,
    f"{MQTT} --mapping plant.toml": PAYLOADS,
    f"{MQTT}/spBv1.0/plant/+/edge/boiler --y Inputs/Temperature --every 1s --hold 1h": "test_sparkplug.py has a node",
    f"{MQTT}/telegraf/+/temp --y fields.temp --by tags.sensor": PAYLOADS,
    f"{MQTT}/lab/boiler": PAYLOADS,
    f"{MQTT}/homeassistant/sensor/+/state --every 1min --hold 1h": PAYLOADS,
    "learn - --y temperature_C --by model": "rtl_433 needs a receiver; test_payloads.py has its lines",
    f"{MQTT}/lab/+ --sizes 0..16 --changes --bands 95% --beside my_predictor.py:make": TOGETHER,
    f"{MQTT}/lab/+ --beside my_predictor.py:make": "tests/streams/_mqtt/test_beside_mosquitto.py has three predictors",
    "demo live": "tests/streams/_dashboard/test_demo.py runs it, with the page",
    f"watch {LAB} --page": "tests/streams/_dashboard/test_server.py opens the page",
    "learn mqtt://..": "the address is left out; the live lines below stand for it",
    "learn mqtts://broker.example/lab/+ --sizes 0..16 --state ./state": "tests/streams/_mqtt/test_security.py has TLS",
    "emerge parity --along rows --values 600..1600:200 --learner mlp:width=64,decay=0.1 --runs 8 --steps 4000": EMERGE,
    "emerge parity --along decay --values 0.01,0.03,0.1,0.3,1 --rows 1200": EMERGE,
    "emerge parity --along size --values 4,8,16,32,64 --rows 1600": EMERGE,
    "emerge modular-addition --along steps --learner embedding-mlp:embedding=128,width=48 --rows 1366": EMERGE,
    "emerge sparse-parity --along steps --fresh --learner mlp:width=128,rate=0.003,decay=0,batch=1000 --runs 6": KINDS,
    "emerge sparse-parity --along size --values 8,16,32,64,128 --fresh --learner mlp:rate=0.003,decay=0,batch=1000 "
    "--runs 4": KINDS,
    "emerge sparse-parity --along rows --values 8000,16000,32000 --early-stopping "
    "--learner mlp:width=128,rate=0.003,decay=0,batch=500 --runs 4 --steps 3000": KINDS,
    "emerge addition --along rows --values 500,1000,2000 --level 0.9 --steps 2000 --runs 4": LINES,
    "emerge addition:format=reverse --along size --values 16,32,48 --level 0.9 --steps 1000 --runs 4": LINES,
    "publish skills --to mqtt://localhost:1883/lab/texts --rate 100": "tests/streams/_mqtt/test_texts.py has a broker",
    "publish modular-addition --to mqtt://localhost:1883/lab/sums --rate 10": "test_sources.py plays tasks",
    "sweep examples/experiment.toml": "takes minutes; test_examples.py sweeps a smaller one of its kind",
    "sweep examples/grokking.toml": "takes hours; test_task_experiment.py sweeps a smaller one of its kind",
    "sweep examples/grokking.toml --check": "compiles two programs; test_task_experiment.py plans a smaller one",
    "locate-curves table.csv --size params --along tokens --error loss --run seed": OWN,
    "locate-curves runs/parity-rows/curves.parquet --size rows --where 'metric=exam accuracy' --level 0.99 "
    "--higher-is-better": OWN,
    "report runs/grokking-sweep": "test_task_experiment.py makes the report of a smaller sweep of its kind",
    "sweep experiment.toml --out /shared/runs/first --cluster tcp://head:8786 --check": CLUSTER,
    "sweep experiment.toml --out /shared/runs/first --cluster tcp://head:8786": CLUSTER,
    "sweep experiment.toml --cluster $address": CLUSTER,
    "sweep experiment.toml --cluster tcp://HOST:8786": CLUSTER,
    "reproduce NAME": STUDY,
    "reproduce all --quick": STUDY,
    "reproduce theorem-2": STUDY,
    "reproduce hidden-random-walk": STUDY,
    "reproduce growth-laws": STUDY,
    "reproduce horizon-scaling": STUDY,
    "reproduce power": STUDY,
    "reproduce regret-bounds": STUDY,
    "reproduce networks-on-plants": STUDY,
    "reproduce grokking": GROKKING,
    "reproduce grokking --quick": GROKKING,
    "reproduce quanta": QUANTA,
    "reproduce quanta --quick": QUANTA,
    "emerge skills --along texts --runs 20": TEXTS,
    "emerge skills --along slots --values 1600..2800:200 --runs 20": TEXTS,
    "reproduce skills": SKILLS,
    "reproduce skills --quick": SKILLS,
    "reproduce arithmetic": ARITHMETIC,
    "reproduce arithmetic --quick": ARITHMETIC,
}


def written() -> dict[str, list[str]]:
    """Return all command lines without ``ergoscope``, each with its pages; test_tutorial.py runs those of its page."""
    found: dict[str, list[str]] = {}
    for page in PAGES:
        if page.stem == "tutorial":
            continue
        for text in page.read_text(encoding="utf-8").splitlines():
            lines = re.findall(r"`ergoscope ([^`]+)`", text)
            lines += re.findall(r"^(?:    .*\| |    |)ergoscope ([a-z].*?)(?:\s+#.*)?$", text)
            for line in lines:
                if " " in line or line in ALONE | {"broker"}:
                    found.setdefault(line, []).append(page.name)
                assert line.split()[0] in GROUP.commands, f"{page.name}: {line}"  # type: ignore[attr-defined]
    return found


def words_of(line: str, *more: str) -> list[str]:
    words = [STANDS_FOR.get(word, word) for word in shlex.split(line)]
    return [*(word for word in words if word != "NAME" or not more), *more]


def test_every_line_is_run_or_says_why_not() -> None:
    lines = written()
    listed = [*RUN, *NOT_RUN, *(line for line, _ in LIVE)]
    assert len(lines) > 50
    assert {line: pages for line, pages in lines.items() if line not in listed} == {}
    assert [line for line in listed if line not in lines] == []


@pytest.mark.parametrize("line", written())
def test_a_line_parses(line: str) -> None:
    name, *words = shlex.split(line)
    command = GROUP.commands[name]  # type: ignore[attr-defined]
    if name == "demo":
        command, words = command.commands[words[0]], words[1:]
    needed = sum(one.required and one.param_type_name == "argument" for one in command.params)
    given = [*words, *["experiment.toml"] * (needed and words == ["--check"])]
    command.make_context(name, given).close()


def command(folder: Path, words: list[str]) -> int | str | None:
    """Run a command in this process, in a folder; its standard input is the file ``lines.ndjson`` there."""
    with pytest.MonkeyPatch.context() as patched, (folder / "lines.ndjson").open() as given:
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["ergoscope", *words])
        patched.setattr(sys, "stdin", given)
        patched.setattr("warnings.showwarning", None)  # put back after: main replaces it
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the pages speak of, small."""
    folder = tmp_path_factory.mktemp("pages")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    plant = re.findall(r"^    ([A-Zd]\w* = .*)$", readme, re.MULTILINE)
    (folder / "plant.toml").write_text("\n".join(plant))
    python = re.findall(r"^(import control|plant = .*)$", readme, re.MULTILINE)
    (folder / "plant.py").write_text("\n".join(python))
    grid = '[grid]\nsystems = ["random-walk"]\nlearners = ["ladder"]\nsizes = "0..1"\nhorizons = [100]\n'
    (folder / "experiment.toml").write_text(grid + '[options]\nreplicates = 8\nout = "runs/first"\n')
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "tests").symlink_to(ROOT / "tests")
    (folder / "my_predictor.py").symlink_to(ROOT / "examples" / "my_predictor.py")
    (folder / "lines.ndjson").write_text("".join(f'{{"y": {t % 3}}}\n' for t in range(40)))
    for words in (
        "simulate double-integrator --steps 400 --replicates 8 --out data.parquet",
        "simulate double-integrator --steps 400 --replicates 2 --out data.csv",
        "locate random-walk --horizon 400 --replicates 8 --sizes 0..1 --out located",
        "locate examples/data/nile.csv --output flow --time year --sizes 0..2 --no-model",
        "export runs/nile --size 2 --to json",
        "sweep experiment.toml",
        "record lines.ndjson --out run",
    ):
        assert not command(folder, words.split())
    return folder


@pytest.mark.parametrize("line", RUN)
def test_a_line_runs(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if "./my_predictor" in line:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler")
        subprocess.run([compiler, "-O2", "-o", folder / "my_predictor", ROOT / "examples" / "predictor.c"], check=True)
    code = command(folder, words_of(line, *RUN[line]))
    printed = capsys.readouterr()
    assert not code, printed.err
    assert printed.out.strip()


def is_open(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def wait(until: Callable[[], bool], what: str) -> None:
    last = time.monotonic() + 120
    while not until():
        assert time.monotonic() < last, f"{what} did not come"
        time.sleep(0.1)


@pytest.mark.slow
def test_the_live_lines_run_together(tmp_path: Path) -> None:
    """A broker, two learners and a recorder stay; publishers, players and watchers end by themselves."""
    pytest.importorskip("amqtt")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    staying: list[subprocess.Popen[bytes]] = []
    said = [tmp_path / f"{number}.txt" for number in range(4)]  # what the broker, the learners and the recorder say
    try:
        for line, more in LIVE:
            words = [*line.replace(":1883", f":{port}").split(), *more.split()]
            words += ["--port", str(port)] * (line == "broker")
            command = [sys.executable, "-m", "ergoscope", *words]
            if line.split()[0] in ("broker", "learn", "record"):
                with said[len(staying)].open("wb") as errors:
                    staying.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=errors))
                if line == "broker":
                    wait(lambda: is_open(port), "the broker")
                continue
            wait(lambda: all(b"listening" in each.read_bytes() for each in said[1:]), "the learners and the recorder")
            if words[0] == "replay":
                wait(lambda: any((tmp_path / "run").glob("*.parquet")), "a part of the recording")
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120)
            assert done.returncode == 0, (line, done.stderr)
        for process in reversed(staying):
            process.send_signal(signal.SIGINT)
        for process in reversed(staying):
            process.wait(timeout=60)
    finally:
        for process in staying:
            process.kill()
    ends = [each.read_bytes() for each in said]
    assert all(b"Traceback" not in errors for errors in ends), ends
    learned = [re.search(rb"learn: [1-9]\d* streams?, [1-9]\d* samples", errors) for errors in ends]
    assert sum(found is not None for found in learned) == 2, ends
