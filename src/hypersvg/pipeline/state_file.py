"""Nested states in one safetensors file: tensors as they are, tidy tables as Parquet, the rest as JSON in its header.

Nothing in it is code, and reading it runs none. Every tensor and the header carry a checksum.
"""

import io
import json
import os
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from hypersvg.maths.resume import State

TENSOR, TABLE = "$tensor", "$table"
"""Keys of what stands in the JSON for a tensor (with its device) and for a table."""


class DamagedError(ValueError):
    """A file that cannot be read as a state; the message says why."""


def write_state(path: Path, state: State) -> None:
    """Write ``state`` in one step: what was at ``path`` stays until the new file is on the disk as a whole.

    No tensor in main memory is copied. Raises ``OSError`` where it cannot be written, and leaves nothing half-written.
    """
    tensors: dict[str, Tensor] = {}
    content = {"state": packed(state, "state", tensors)}
    text = json.dumps({**content, "checksums": {name: checksum(tensor) for name, tensor in tensors.items()}})
    metadata = {"content": text, "checksum": str(zlib.crc32(text.encode()))}
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, partial, metadata)
        flush(partial)
        partial.replace(path)
        flush(path.parent)
    except SafetensorError as error:
        raise OSError(str(error)) from None
    finally:
        partial.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_state(path: Path) -> State:
    """The state in ``path``; tensors of main memory are parts of the mapped file, to be copied before they are used.

    Raises :class:`DamagedError`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise DamagedError(" ".join(str(error).split())) from None
    text = metadata.get("content", "")
    if str(zlib.crc32(text.encode())) != metadata.get("checksum"):
        raise DamagedError("its header was changed")
    content = json.loads(text)
    for name, expected in content["checksums"].items():
        if name not in tensors or checksum(tensors[name]) != expected:
            raise DamagedError(f"{name} was changed")
    state: State = unpacked(content["state"], tensors)
    return state


def packed(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """``value`` as JSON knows it; its tensors and tables go into ``tensors`` under their names.

    A tensor that stands in several places is kept once. Raises ``TypeError`` naming what is no part of a state.
    """
    if isinstance(value, dict):
        if odd := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"the key {odd[0]!r} ({name}) cannot be part of a state, only text can")
        return {key: packed(part, f"{name}/{key}", tensors) for key, part in value.items()}
    if isinstance(value, list):
        return [packed(part, f"{name}/{number}", tensors) for number, part in enumerate(value)]
    if isinstance(value, pd.DataFrame):
        buffer = io.BytesIO()
        value.to_parquet(buffer, index=False)
        tensors[name] = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
        return {TABLE: name}
    if isinstance(value, Tensor):
        return {TENSOR: kept_once(value.detach().contiguous(), name, tensors), "device": str(value.device)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a {type(value).__name__} ({name}) cannot be part of a state")


def kept_once(tensor: Tensor, name: str, tensors: dict[str, Tensor]) -> str:
    """The name under which ``tensor`` is among ``tensors``; safetensors refuses the same memory twice."""
    for other, known in tensors.items():
        same = known.data_ptr() == tensor.data_ptr() and known.device == tensor.device and tensor.numel()
        if same and known.shape == tensor.shape and known.dtype == tensor.dtype:
            return other
    tensors[name] = tensor
    return name


def unpacked(value: Any, tensors: dict[str, Tensor]) -> Any:
    """The inverse of :func:`packed`."""
    if isinstance(value, list):
        return [unpacked(part, tensors) for part in value]
    if not isinstance(value, dict):
        return value
    if TABLE in value:
        return pd.read_parquet(io.BytesIO(tensors[value[TABLE]].numpy().tobytes()))
    if TENSOR in value:
        return tensors[value[TENSOR]].to(value["device"])
    return {key: unpacked(part, tensors) for key, part in value.items()}


def checksum(tensor: Tensor) -> int:
    """CRC-32 of a contiguous tensor's bytes: finds damage, not malice."""
    return zlib.crc32(tensor.cpu().reshape(-1).view(torch.uint8).numpy().data)
