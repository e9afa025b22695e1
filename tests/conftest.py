"""What tests share.

One thread for every test: results do not depend on the machine's cores, and small tensors are faster so.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from checkout import Checkout

torch.set_num_threads(1)

Edit = Callable[[str, str, str], None]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose run of the scale smoke is pretended to be finished."""
    checkout = Checkout(tmp_path_factory.mktemp("finished"))
    checkout.pretend_finished()
    return checkout


@pytest.fixture
def edited(finished: Checkout) -> Iterator[Edit]:
    """Change a file of the finished checkout for one test."""
    saved: dict[Path, tuple[bytes, os.stat_result]] = {}

    def edit(name: str, old: str, new: str) -> None:
        path = finished.folder / name
        saved.setdefault(path, (path.read_bytes(), path.stat()))
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    yield edit
    for path, (content, stat) in saved.items():
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
