import errno
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ergoscope._core.files import atomic_path, remove_unfinished, temporary_folder, write_text


def test_a_block_that_ends_well_becomes_the_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
        assert temporary.parent == tmp_path and temporary.suffix == ".txt"
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


def half_written(target: Path) -> None:
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        raise OSError("disk full")


def test_a_block_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(OSError, match="disk full"):
        half_written(target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


FULL = Path("/dev/full")  # writing there fails as on a full disk


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("write", [pl.DataFrame.write_parquet, pl.DataFrame.write_csv, "text"])
def test_a_full_disk_is_said_of_the_file_that_was_wanted(tmp_path: Path, write: Any) -> None:
    target = tmp_path / "a.parquet"

    def fill() -> None:
        with atomic_path(target) as temporary:
            temporary.unlink()
            temporary.symlink_to(FULL)
            if write == "text":
                temporary.write_text("x")
            else:
                write(pl.DataFrame({"x": [1.0]}), temporary)

    with pytest.raises(OSError, match="No space left on device") as caught:
        fill()
    assert caught.value.filename == str(target)
    assert caught.value.errno == errno.ENOSPC
    assert not os.listdir(tmp_path)


def test_the_file_is_flushed_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda *names: (calls.append("replace"), replace(*names))[1])
    write_text(tmp_path / "a.txt", "x")
    assert calls == ["fsync", "replace", "fsync"]


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "x")
    (tmp_path / "b.txt").write_text("x")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "new"


def test_no_folder_a_file_for_a_folder_a_folder_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="choose a folder that exists"):
        write_text(tmp_path / "none" / "a.txt", "x")
    with pytest.raises(ValueError, match="choose a folder that exists"):
        write_text(tmp_path / "file" / "a.txt", "x")
    with pytest.raises(ValueError, match="it is a folder"):
        write_text(tmp_path, "x")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_leave_to_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="you may write in"):
        write_text(tmp_path / "a.txt", "x")
    tmp_path.chmod(0o700)


def test_a_refusal_of_the_system_is_told_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ValueError, match="Permission denied"):
        write_text(tmp_path / "a.txt", "x")


def test_a_process_that_ends_within_blocks_may_drop_what_they_wrote(tmp_path: Path) -> None:
    with temporary_folder(tmp_path / "parts") as parts, temporary_folder(tmp_path / "more"):
        (parts / "part").write_text("half")
        remove_unfinished()
        assert not list(tmp_path.iterdir())


def test_a_temporary_folder_is_gone_after_its_block_and_is_tracked_no_more(tmp_path: Path) -> None:
    with temporary_folder(tmp_path / "parts") as parts:
        (parts / "part").write_text("half")
    assert not parts.exists()
    parts.mkdir()  # somebody else's
    remove_unfinished()
    assert parts.exists()
