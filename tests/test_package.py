"""The package as it is shipped: what stands where, what loads when, what a built wheel holds."""

from __future__ import annotations

import ast
import graphlib
import importlib
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from packaging.specifiers import SpecifierSet

import ergoscope

ROOT = Path(__file__).resolve().parents[1]
NOT_ROOMS = {"tests", "examples", "benchmarks", "docs", "typings"}
NOT_OURS = {"build", "dist", "demo", "runs", "__pycache__"}
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = SETTINGS["tool"]["setuptools"]
PAGE = Path("streams") / "_dashboard" / "page"  # files for a browser
FOLDERS = sorted(name.partition(".")[2].replace(".", "/") for name in SETUPTOOLS["packages"] if name != "ergoscope")
ROOMS = [folder for folder in FOLDERS if "/" not in folder]
STUBBED = [room for room in ROOMS if (ROOT / room / "__init__.pyi").exists()]


def files() -> Iterator[Path]:
    """Return the repository's own files, relative to its root: no environment, no caches, nothing built."""
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)
        folders[:] = [
            f for f in folders if f == ".ci" or not (f in NOT_OURS or f.startswith(".") or f.endswith(".egg-info"))
        ]
        yield from (here / name for name in names)


def package_files() -> set[str]:
    """Return what a wheel must hold, apart from its metadata."""
    ends = {".py", ".pyi"}
    rooms = {file for file in files() if file.parent.as_posix() in {".", *FOLDERS} and file.suffix in ends}
    page = {file for file in files() if file.parent == PAGE}
    return {(Path("ergoscope") / file).as_posix() for file in rooms | page | {Path("py.typed")}}


def stub_names(stub: Path) -> list[str]:
    """Return the public names of a stub; each line is ``from ._file import name as name``."""
    names = []
    for line in ast.parse(stub.read_text()).body:
        if isinstance(line, ast.ImportFrom):
            names += [name.asname for name in line.names if name.asname == name.name]
    return names


def python(code: str, *arguments: str, where: Path = ROOT, executable: str = sys.executable) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    # PYTHONPATH is dropped, so that what is installed is what is found.
    environment = {word: value for word, value in os.environ.items() if word != "PYTHONPATH"}
    command = [executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_package_list_is_what_stands_on_disk() -> None:
    on_disk = {
        file.parent.as_posix() for file in files() if file.name == "__init__.py" and file.parts[0] not in NOT_ROOMS
    }
    on_disk -= {"."}
    assert sorted(on_disk) == FOLDERS
    assert {file.parent.as_posix() for file in files() if file.suffix == ".py" and file.parts[0] in ROOMS} == on_disk
    assert SETUPTOOLS["package-dir"] == {"ergoscope": "."}


def defined(module: str, name: str) -> str:
    """Return the file that a public name comes from, through the stubs; of another name the module it would be."""
    stub = (ROOT / module.partition(".")[2].replace(".", "/")) / "__init__.pyi"
    for line in ast.parse(stub.read_text()).body if stub.is_file() else []:
        if isinstance(line, ast.ImportFrom) and line.module and name in {alias.asname for alias in line.names}:
            return defined(f"{module}.{line.module}", name)
    return f"{module}.{name}" if stub.is_file() or not name else module


@cache
def arrows() -> dict[str, set[str]]:
    """Return the files that each file of the package imports, as dotted names; also for types alone, also by a stub."""
    modules = {name.removesuffix(".py").replace("/", ".") for name in package_files() if name.endswith(".py")}
    found: dict[str, set[str]] = {module: set() for module in modules}
    for module in modules:
        tree = ast.parse((ROOT / module.partition(".")[2].replace(".", "/")).with_suffix(".py").read_text())
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
            foreign = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else names
            if isinstance(node, ast.ImportFrom) and node.level:
                base = ".".join([*module.split(".")[: -node.level], *filter(None, (node.module or "").split("."))])
                named = {base, *(f"{base}.{name}" for name in names), *(defined(base, name) for name in names)}
                found[module] |= named & modules
            else:
                assert "ergoscope" not in {name.split(".")[0] for name in foreign}, f"{module}: imports are relative"
    return found


def test_imports_only_run_down_the_floors() -> None:
    contracts = SETTINGS["tool"]["importlinter"]["contracts"]
    floors = {
        c["containers"][0]: [set(re.split(r"[ |:]+", f)) for f in c["layers"]] for c in contracts if "layers" in c
    }
    assert set(floors) == {
        "ergoscope",
        *(f"ergoscope.{room}" for room in ROOMS if any(f"{room}/" in f for f in FOLDERS)),
    }
    crossed = 0
    for module, imported in arrows().items():
        for other in imported:
            for container, layers in floors.items():
                heads = [name.removeprefix(f"{container}.").split(".")[0] for name in (module, other)]
                if all(name.startswith(f"{container}.") for name in (module, other)) and heads[0] != heads[1]:
                    low, high = ([heads[k] in layer for layer in layers].index(True) for k in (1, 0))
                    assert high < low, f"{module} imports {other}"
                    crossed += 1
    assert crossed > 300


def test_the_map_in_contributing_is_that_of_the_contracts() -> None:
    rows = re.findall(r"^\| `(\w+)/` \|.*\| (.*?) ?\|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    shown = {
        room: [set(re.findall(r"\w+", floor)) for floor in floors.split("<") if floor.strip()] for room, floors in rows
    }
    contracts = [each for each in SETTINGS["tool"]["importlinter"]["contracts"] if "layers" in each]
    layers = {
        each["containers"][0]: [set(re.split(r"[ |:]+", floor)) for floor in each["layers"]] for each in contracts
    }
    assert [{room} for room in shown] == layers["ergoscope"][:0:-1]
    for room, floors in shown.items():
        assert floors == layers.get(f"ergoscope.{room}", [])[::-1], room


def test_no_files_import_each_other_in_a_circle() -> None:
    graphlib.TopologicalSorter(arrows()).prepare()


def test_tests_mirror_the_folders() -> None:
    mirrored = {file.parent.relative_to("tests").as_posix() for file in files() if file.match("tests/**/test_*.py")}
    assert mirrored - {"."} <= {*FOLDERS}


def test_a_room_imported_by_its_bare_name_says_what_to_type() -> None:
    for room in ROOMS:
        done = subprocess.run([sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 1
        assert (
            done.stderr.splitlines()[-1]
            == f"ImportError: {room}/ is part of ergoscope: type `import ergoscope.{room}`."
        )


def test_what_stands_beside_the_package_is_no_part_of_it() -> None:
    for folder in sorted(NOT_ROOMS):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(f"ergoscope.{folder}")


def test_only_two_python_files_stand_at_the_root() -> None:
    assert {p.name for p in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_the_type_checker_sees_the_whole_package() -> None:
    links = ROOT / "typings" / "ergoscope"
    if not links.is_dir():
        pytest.skip("typings/ is not in a source distribution")
    expected = {"__init__.py", "__init__.pyi", "__main__.py", "py.typed", *ROOMS}
    assert {p.name for p in links.iterdir()} == expected
    for link in links.iterdir():
        assert not link.readlink().is_absolute()
        assert link.resolve() == ROOT / link.name


@pytest.mark.slow
def test_mypy_finds_the_package_from_the_file_of_a_user(tmp_path: Path) -> None:
    """As CONTRIBUTING.md says for an editable install: by the path of typings/, reporting the user's errors alone."""
    pytest.importorskip("mypy", reason="mypy is missing: pip install '.[check]'")
    if not (ROOT / "typings" / "ergoscope").is_dir():
        pytest.skip("typings/ is not in a source distribution")
    (tmp_path / "mine.py").write_text(
        "from ergoscope.simulator import LinearSystem\n\nplant = LinearSystem(A=1, C=1, Q=1, R=1)\n"
        "reveal_type(plant)\nreveal_type(plant.dt)\nplant.dtt\n"
    )
    skipped = ("jax", "jaxtyping", "polars", "matplotlib", "scipy", "control", "rich", "distributed")  # for speed alone
    skip = f"[mypy-{','.join(f'{name}.*' for name in skipped)}]\nfollow_imports = skip\nignore_missing_imports = true\n"
    (tmp_path / "mypy.ini").write_text(f"[mypy]\n[mypy-ergoscope.*]\nfollow_imports = silent\n{skip}")
    # Without PYTHONPATH, which mypy reads, too.
    environment = {word: value for word, value in os.environ.items() if word != "PYTHONPATH"}
    environment["MYPYPATH"] = str(ROOT / "typings")
    command = [sys.executable, "-m", "mypy", "--no-incremental", "--no-color-output", "mine.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=250)
    revealed, kind, wrong, count = done.stdout.splitlines()
    assert revealed.endswith('Revealed type is "ergoscope.simulator._systems.linear_system.LinearSystem"')
    assert kind.endswith('Revealed type is "float"')
    assert '"LinearSystem" has no attribute "dtt"' in wrong
    assert count.startswith("Found 1 error in 1 file")


TELLS = rf"""(?m)^(__version__|version)\s*[=:]\s*["']?{re.escape(ergoscope.__version__)}\b"""


def test_the_version_is_told_once() -> None:
    assert "version" not in SETTINGS["project"] and SETTINGS["project"]["dynamic"] == ["version"]
    assert SETUPTOOLS["dynamic"] == {"version": {"attr": "ergoscope.__version__"}}
    kinds = {".py", ".cff", ".toml"}
    ours = [file for file in files() if file.suffix in kinds and file.parts[0] != "typings"]
    told = [file for file in ours if re.search(TELLS, (ROOT / file).read_text(encoding="utf-8"))]
    assert told == [Path("__init__.py")]
    assert re.fullmatch(r"\d+\.\d+\.\d+", ergoscope.__version__)


@pytest.mark.parametrize("room", STUBBED)
def test_the_public_names_of_a_room_are_those_of_its_stub(room: str) -> None:
    module = importlib.import_module(f"ergoscope.{room}")
    names = stub_names(ROOT / room / "__init__.pyi")
    assert sorted(module.__all__) == sorted(names)
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.startswith("_")]
    for name in names:
        assert getattr(module, name) is not None, name


def test_the_public_names_of_the_package_resolve() -> None:
    names = stub_names(ROOT / "__init__.pyi")
    assert sorted(ergoscope.__all__) == sorted(names)
    for name in names:
        assert getattr(ergoscope, name) is not None, name


def test_every_room_for_users_has_a_stub() -> None:
    assert set(STUBBED) == set(ROOMS) - {"cli", "_core"}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["zoo"], ["locate", "--help"]])
def test_words_that_compute_nothing_do_not_load_jax(words: list[str]) -> None:
    code = """if True:
        import sys
        import ergoscope.cli
        try:
            sys.argv = ["ergoscope", *sys.argv[1:]]
            ergoscope.cli.main()
        except SystemExit as exc:
            assert not exc.code, exc.code
        assert "jax" not in sys.modules, "jax was imported"
        """
    assert python(code, *words).strip()


WITHOUT_JAX = {  # one after the other in one process: the first that loads it is named
    "locate a system": "from ergoscope.analysis import locate; locate('quadruple-tank', horizon=200, replicates=8)",
    "locate a recording": "from ergoscope.analysis import locate; locate(np.sin(np.arange(400.0) ** 1.5))",
    "design": "from ergoscope.analysis import design; design('random-walk', horizon=1000)",
    "simulate": "from ergoscope.simulator import simulate; simulate(0, 'double-integrator', 200, 3)",
    "live": "from ergoscope.learners import Live; Live('lattice', 2, 1).observe([1.0, 2.0], [3.0])",
    "serve": "from ergoscope.learners import ladder; from ergoscope.streams import Service, observation; "
    "Service(lambda p, m: ladder(range(3))).take([observation('a', 1.0)])",
}


@pytest.mark.skipif(bool(os.environ.get("JAX_PLATFORMS")), reason="JAX_PLATFORMS says where to compute")
def test_what_has_a_compiled_loop_does_not_load_jax() -> None:
    if any(find_spec(module) for module in ("jax_plugins", "libtpu")):
        pytest.skip("JAX has a plugin for another device, and is asked for its devices")
    code = "import sys; import numpy as np"
    for work, line in WITHOUT_JAX.items():
        code += f"; {line}; assert 'jax' not in sys.modules, {work!r}"
    python(code)


def test_jax_is_imported_in_one_file() -> None:
    importing = []
    for path in files():
        if path.suffix == ".py" and path.parts[0] in ROOMS:
            for node in ast.walk(ast.parse((ROOT / path).read_text())):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
                if any(name.split(".")[0] == "jax" for name in names):
                    importing.append(str(path))
    assert set(importing) == {"_core/jax_later.py"}


def test_importing_the_package_and_its_rooms_loads_nothing_heavy() -> None:
    code = f"""if True:
        import importlib, sys
        for name in ("ergoscope", {", ".join(repr(f"ergoscope.{room}") for room in ROOMS)}):
            dir(importlib.import_module(name))
        assert not {{"jax", "polars", "scipy", "matplotlib", "control"}} & set(sys.modules)
        """
    python(code)


def test_the_pins_are_plain() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pin = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+-]*( ; .+)?")
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_no_pin_needs_a_later_python_than_the_package() -> None:
    """Python 3.11.2, that of Debian 12, could not install a pin that asked for 3.11.5."""
    first = SETTINGS["project"]["requires-python"].removeprefix(">=") + ".0"
    pins = [line.split(" ; ")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] != "#"]
    installed = {dist.metadata["Name"].lower().replace("_", "-"): dist for dist in distributions()}
    needs = {}
    for name, version in (pin.split("==") for pin in pins):
        dist = installed.get(name.lower().replace("_", "-"))
        if dist is not None and dist.version == version:
            needs[name] = dist.metadata.get("Requires-Python") or ""
    assert len(needs) > len(pins) / 2  # the others are of other systems, or the environment is another one
    assert [name for name, versions in needs.items() if not SpecifierSet(versions).contains(first)] == []


def test_every_dependency_is_pinned() -> None:
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", name)[0]).lower()

    project = SETTINGS["project"]
    extras = project["optional-dependencies"]
    wanted = {plain(need) for need in (*project["dependencies"], *extras["test"], *extras["check"])}
    pinned = {plain(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")}
    assert wanted <= pinned


def limits(needs: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return the lowest version of each requirement ``NAME>=X``, or of each pin ``NAME==X``."""
    found = (re.match(r"([\w.-]+)(?:\[[\w,]+\])?[>=]=([\d.]*\d)", need) for need in needs)
    return {one[1].lower().replace("_", "-"): tuple(map(int, one[2].split("."))) for one in found if one}


def minima(needs: list[str], test: list[str]) -> list[str]:
    """Return the pins that ``make minima`` installs for these requirements."""
    make = runpy.run_path(str(ROOT / ".ci" / "minima.py"))["minima"]
    return list(make({"dependencies": needs, "optional-dependencies": {"test": test}}))


def test_minima_are_the_lower_limits_of_the_project() -> None:
    project = SETTINGS["project"]
    needs, test = project["dependencies"], project["optional-dependencies"]["test"]
    lines = minima(needs, test)
    pins = limits(lines)
    assert all(line.count("==") == 1 for line in lines)
    assert pins["jax"] >= (0, 8)
    assert len(limits(needs)) == len(needs)  # each has one
    assert limits(needs).items() <= pins.items() <= limits([*needs, *test]).items()
    recipe = re.search(r"^minima:\n(.*?)\n\n", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert recipe is not None
    assert '.ci/minima.py > "$$folder/pins.txt"' in recipe[1] and '-r "$$folder/pins.txt"' in recipe[1]


@pytest.mark.parametrize("need", ["numpy", "numpy<3", "numpy==2.0", "numpy>2", "numpy<3,>=2"])
def test_minima_need_a_lower_limit(need: str) -> None:
    with pytest.raises(ValueError, match="name its lowest version"):
        minima(["jax[cuda13]>=0.8,<1", need], [])
    assert minima(["jax[cuda13]>=0.8,<1"], []) == ["jax==0.8"]


def test_minima_run_tests_that_exist() -> None:
    listed = re.search(r"^MINIMA := (.*?[^\\])\n", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert listed is not None
    paths = re.findall(r"tests/[\w./]+", listed[1])
    assert len(paths) > 5 and not [path for path in paths if not (ROOT / path).exists()]


def test_no_pin_is_below_a_lower_limit() -> None:
    pins = limits((ROOT / "constraints.txt").read_text().splitlines())
    project = SETTINGS["project"]
    for needs in (project["dependencies"], *project["optional-dependencies"].values()):
        for name, least in limits(needs).items():
            assert name not in pins or pins[name] >= least, name


def test_a_requirement_has_one_lower_limit() -> None:
    """In every extra: else ``pip install`` of two of them is held to the greater one, and the minima are not."""
    project = SETTINGS["project"]
    known: dict[str, tuple[int, ...]] = {}
    for needs in (project["dependencies"], *project["optional-dependencies"].values()):
        for name, least in limits(needs).items():
            assert known.setdefault(name, least) == least, name


def test_no_file_names_a_package_registry() -> None:
    # Put together here, so that this file does not name them.
    hosts = {f"py{'pi'}.org", f"python{'hosted'}.org", f"registry.npm{'js'}.org", f"deb.deb{'ian'}.org"}
    words = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX")
    urls = [url for word in words for url in os.environ.get(word, "").split()]
    hosts |= {host for url in urls if (host := urlsplit(url).hostname)}
    named = [str(f) for f in files() if any(host.encode() in (ROOT / f).read_bytes() for host in hosts)]
    assert named == []


RUN_MODULE = "import runpy, sys; del sys.argv[0]; runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
LEFT_OUT = {
    "typings",
    ".git",
    ".gitattributes",
    ".gitignore",
    ".github",
    ".pre-commit-config.yaml",
}  # of a source distribution


def test_what_git_holds_is_what_the_tests_see() -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no checkout of git")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    held = {name for name in listed.splitlines() if Path(name).parts[0] not in LEFT_OUT}
    assert held <= {file.as_posix() for file in files()}


@pytest.mark.slow
def test_the_wheel_and_the_source_distribution_hold_the_package_and_run(tmp_path: Path) -> None:
    tree, user = tmp_path / "tree", tmp_path / "user"
    for file in files():
        if (ROOT / file).is_file() and file.parts[0] != "typings":
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            (tree / file).write_bytes((ROOT / file).read_bytes())
    # The wheel comes from the source distribution, so that both are held to the list of files.
    python(RUN_MODULE, "build", "--no-isolation", "--outdir", str(tmp_path), str(tree), where=tmp_path)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {
            Path(*Path(name).parts[1:]).as_posix() for name in archive.getnames() if not archive.getmember(name).isdir()
        }
    made = {"PKG-INFO", "setup.cfg", *(name for name in names if name.startswith("ergoscope.egg-info/"))}
    assert names - made == {file.as_posix() for file in files() if file.parts[0] not in LEFT_OUT} - made
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"ergoscope-{ergoscope.__version__}-py3-none-any.whl"
    licences = {name.partition("/licenses/")[2] for name in zipfile.ZipFile(wheel).namelist() if "/licenses/" in name}
    assert licences == {"LICENSE", (PAGE / "uplot.LICENSE").as_posix()}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == package_files()

    venv.create(tmp_path / "venv", with_pip=True)
    there = str(tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    python(RUN_MODULE, "pip", "install", "-q", "--no-index", "--no-deps", str(wheel), executable=there)
    # The dependencies are borrowed from here; a path in a .pth file does not bring the editable install along.
    borrowed = {
        str(Path(importlib.import_module(name).__file__ or "").parents[1]) for name in ("numpy", "jax", "typer")
    }
    site = python("import sysconfig; print(sysconfig.get_path('purelib'))", executable=there).strip()
    (Path(site) / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")
    for room in ROOMS:
        (user / room).mkdir(parents=True)
        (user / room / "__init__.py").write_text("mine = True\n")
    code = f"""if True:
        import importlib, pkgutil, sys
        import ergoscope
        for module in pkgutil.walk_packages(ergoscope.__path__, "ergoscope."):
            if module.name != "ergoscope.__main__":
                importlib.import_module(module.name)
        assert not set({ROOMS}) & set(sys.modules), "an absolute import took the user's folder for a room"
        import analysis
        assert analysis.mine and not hasattr(ergoscope.analysis, "mine")
        print(ergoscope.__file__, ergoscope.zoo("random-walk").name)
        """
    where, system = python(code, where=user, executable=there).split()
    assert Path(where).is_relative_to(site)
    assert system == "random-walk"
    command = [str(Path(there).with_name("ergoscope")), "--version"]
    said = subprocess.run(command, cwd=user, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.strip() == f"ergoscope {ergoscope.__version__}"


def test_what_is_imported_is_what_is_required() -> None:
    """What a file names is brought by ``pip install ergoscope``, the page's or the cluster's, or asked for by name."""
    extras = SETTINGS["project"]["optional-dependencies"]
    required, page, cluster = (
        {re.split(r"[<>=~!;\[ ]", line)[0].lower().replace("-", "_") for line in lines}
        for lines in (SETTINGS["project"]["dependencies"], extras["page"], extras["cluster"])
    )
    imported = set()
    for name in package_files():
        if name.endswith(".py"):
            for node in ast.walk(ast.parse((ROOT / name.removeprefix("ergoscope/")).read_text())):
                if isinstance(node, ast.ImportFrom) and not node.level:
                    imported.add((node.module or "").split(".")[0])
                elif isinstance(node, ast.Import):
                    imported |= {alias.name.split(".")[0] for alias in node.names}
    outside = imported - set(sys.stdlib_module_names)
    asked_for = {
        "filterpy",
        "river",
        "sklearn",
        "threadpoolctl",
    }  # the functions that want them say that they are missing
    assert outside - page - cluster - asked_for <= required
    not_named = {"filelock"}  # JAX asks for it where its cache of compiled code has a limit
    assert required - outside <= not_named
