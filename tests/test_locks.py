"""The pinned environment: lock files, pyproject.toml, the conda file and the installed packages agree."""

import fcntl
import importlib.metadata
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENVS = ROOT / "envs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(text: str) -> dict[str, str]:
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    return dict(line.split("==") for line in lines if line)


LOCK = pins((ENVS / "lock.txt").read_text(encoding="utf-8"))
DEV = pins((ENVS / "lock-dev.txt").read_text(encoding="utf-8"))


def direct(requirements: list[str]) -> list[Requirement]:
    return [Requirement(line) for line in requirements]


def test_every_direct_dependency_is_pinned_within_its_bounds():
    for requirement in direct(PROJECT["dependencies"]):
        assert requirement.specifier.contains(LOCK[canonicalize_name(requirement.name)]), requirement
    for requirement in direct(PROJECT["optional-dependencies"]["dev"]):
        assert requirement.specifier.contains(DEV[canonicalize_name(requirement.name)]), requirement


def test_the_conda_environment_pins_what_the_lock_pins():
    environment = yaml.safe_load((ENVS / "environment.yaml").read_text(encoding="utf-8"))
    (pip,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    names = {canonicalize_name(requirement.name) for requirement in direct(PROJECT["dependencies"])}
    assert pins("\n".join(pip)) == {name: LOCK[name] for name in names}


def test_the_installed_packages_are_the_locked_ones():
    for name, version in {**LOCK, **DEV}.items():
        assert importlib.metadata.version(name).split("+")[0] == version, name


def test_whatever_a_locked_package_needs_is_locked_too():
    locked = {**LOCK, **DEV}
    for name in locked:
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in locked, f"{name} needs {needed}"


@pytest.mark.parametrize("name", ["lock.txt", "lock-dev.txt", "environment.yaml"])
def test_the_lock_names_packages_and_versions_and_nothing_of_this_machine(name):
    text = (ENVS / name).read_text(encoding="utf-8")
    assert not re.search(r"--(?!sdm)|://|@|\+cpu|file:", text)


def fake_python(folder: Path, version: str) -> Path:
    """An interpreter that only knows its version."""
    major, minor = version.split(".")
    new = (int(major), int(minor)) >= (3, 11)
    path = folder / "python3"
    path.write_text(f'#!/bin/sh\n[ "$1" = -V ] && echo Python {version}.0 && exit 0\nexit {0 if new else 1}\n')
    path.chmod(0o755)
    return path


def create(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(ENVS / "create.sh"), str(folder / "venv")]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, cwd=folder)


def test_an_old_python_is_refused_in_one_sentence(tmp_path):
    old = fake_python(tmp_path, "3.9")
    done = create(tmp_path, PYTHON=str(old))
    assert done.returncode != 0
    assert done.stderr == f"hypersvg: PYTHON={old} is Python 3.9.0, but Python 3.11 or newer is needed\n"


def test_no_python_at_all_is_said_in_one_sentence(tmp_path):
    for tool in ("sh", "cat", "cksum", "dirname"):
        (tmp_path / tool).symlink_to(next(p for p in (Path("/bin", tool), Path("/usr/bin", tool)) if p.exists()))
    done = create(tmp_path, PATH=str(tmp_path))
    assert done.returncode != 0
    assert done.stderr.startswith("hypersvg: Python 3.11 or newer is needed and none was found")
    assert len(done.stderr.splitlines()) == 1


def test_a_second_make_waits_for_the_one_that_installs(tmp_path):
    (tmp_path / "venv").write_text("in the way of a new environment", encoding="utf-8")
    command = ["sh", str(ENVS / "create.sh"), "venv"]
    with (ENVS / "lock.txt").open() as installing:
        fcntl.flock(installing, fcntl.LOCK_EX)
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as second:
            assert second.stderr is not None
            assert second.stderr.readline() == "hypersvg: another make is installing here; this one waits for it\n"
            assert second.poll() is None
            fcntl.flock(installing, fcntl.LOCK_UN)
            assert "could not make venv" in second.stderr.read()


@pytest.mark.slow
def test_a_folder_of_wheels_that_lacks_one_is_named_with_the_package(tmp_path):
    (tmp_path / "wheels").mkdir()
    done = create(tmp_path, WHEELS=str(tmp_path / "wheels"), PIP_FIND_LINKS="", PIP_CONFIG_FILE=os.devnull)
    first = next(iter(LOCK))
    assert done.returncode != 0
    assert f"holds no wheel of {first}==" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "venv" / ".locks").exists()
