"""Files appear whole or not at all, and a full disk is an error with a name."""

import errno
import os
from pathlib import Path

import pytest

from hypersvg import files
from hypersvg.pipeline import failed
from hypersvg.pipeline.failures import explained


def no_room(path: Path) -> None:
    path.write_text("half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_file_and_nothing_half_written_and_is_named(tmp_path):
    path = files.write_text(tmp_path / "table.csv", "old")
    with pytest.raises(OSError, match="No space left") as caught:
        files.written(path, no_room)
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_has_left_is_replaced(tmp_path):
    (tmp_path / ".table.csv.partial").write_text("half of something long")
    assert files.write_text(tmp_path / "table.csv", "new\n").read_bytes() == b"new\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "table.csv"]


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: synced.extend(path.name for path in tmp_path.iterdir()))
    files.write_text(tmp_path / "table.csv", "new")
    assert synced == [".table.csv.partial"]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve room in a file")
def test_a_file_to_be_mapped_has_all_its_room_before_anything_is_written(tmp_path):
    path = tmp_path / "states.npy"
    with path.open("wb") as file:
        file.truncate(2**20)
    assert path.stat().st_blocks * 512 < 2**20
    files.reserve(path)
    assert path.stat().st_blocks * 512 >= 2**20


def test_a_disk_too_small_for_a_file_to_be_mapped_is_named(tmp_path, monkeypatch):
    def full(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "posix_fallocate", full, raising=False)
    path = files.write_text(tmp_path / "states.npy", "map")
    with pytest.raises(OSError, match="No space left") as caught:
        files.reserve(path)
    assert caught.value.filename == str(path)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "results/table.parquet"),
        Exception("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_one_sentence_whoever_notices_it(error, capsys):
    with pytest.raises(SystemExit) as ended, explained():
        raise error
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("hypersvg: the disk is full")
    assert said.endswith("; free some space and run the same command again\n")
    assert len(said.splitlines()) == 1


def test_a_job_that_could_not_even_write_its_last_words_is_explained_by_the_full_disk(tmp_path, monkeypatch, capsys):
    snakemake, log = tmp_path / "snakemake.log", tmp_path / "job.log"
    snakemake.write_text(f"    log: {log} (check log file(s) for error details)\n")
    log.touch()
    assert "a job ended without a word" in failed.sentence([str(snakemake)])
    failed.tell_full_disk(tmp_path)
    assert capsys.readouterr().err == ""
    usage = failed.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(failed.shutil, "disk_usage", lambda folder: usage._replace(free=0))
    assert "hypersvg: the disk is full" in failed.sentence([str(snakemake)])
    failed.tell_full_disk(tmp_path)
    assert f"the disk of {tmp_path} is full; free some space" in capsys.readouterr().err
