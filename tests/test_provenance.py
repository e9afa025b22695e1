"""What a sidecar says of version control: documents and results change nothing, sources do, and are held against it."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from hypersvg.pipeline.provenance import git_state, uncommitted

SOURCE = "src/stage.py"


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of one source, one page and one result."""
    for name in (SOURCE, "README.md", "docs/page.md", "results/reference/run.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "all")
    return tmp_path


def sidecar(root: Path, content: str, dirty: bool = True) -> dict[str, object]:
    code = {SOURCE: hashlib.sha256(content.encode()).hexdigest()}
    return {"git": {"revision": git(root, "rev-parse", "HEAD"), "dirty": dirty}, "code": code}


@pytest.mark.parametrize("name", ["README.md", "docs/page.md", "results/reference/run.json", "results/new.json"])
def test_what_nothing_is_computed_from_leaves_a_tree_clean(root, name):
    (root / name).write_text("changed\n", encoding="utf-8")
    assert git_state(root) == {"revision": git(root, "rev-parse", "HEAD"), "dirty": False}


@pytest.mark.parametrize("change", ["edited", "removed"])
def test_a_changed_source_makes_it_dirty(root, change):
    path = root / SOURCE
    path.unlink() if change == "removed" else path.write_text("changed\n", encoding="utf-8")
    assert git_state(root)["dirty"] is True


def test_outside_of_version_control_nothing_is_known(tmp_path):
    assert git_state(tmp_path) == {"revision": None, "dirty": None}


def test_a_result_of_the_revisions_own_sources_is_committed_however_the_tree_looked(root):
    assert not uncommitted(sidecar(root, f"{SOURCE}\n"), root)


def test_a_result_of_other_sources_is_not(root):
    assert uncommitted(sidecar(root, "other\n"), root)
    assert not uncommitted(sidecar(root, "other\n", dirty=False), root)


@pytest.mark.parametrize("lack", ["code", "revision"])
def test_a_result_that_recorded_no_sources_or_of_an_unknown_revision_is_doubted(root, lack):
    made = sidecar(root, f"{SOURCE}\n")
    if lack == "code":
        del made["code"]
    else:
        made["git"] = {"revision": "0" * 40, "dirty": True}
    assert uncommitted(made, root)
