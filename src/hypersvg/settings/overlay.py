"""Settings files: defaults ← ``config/scales/<scale>.yaml`` ← ``config/variants/<variant>.yaml`` ← overrides."""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hypersvg.settings.blocks import Settings
from hypersvg.settings.yaml_text import read_yaml

LONGEST_VALUE = 80
"""Characters of a refused value or key that a sentence repeats."""


class SettingsError(ValueError):
    """A setting that cannot be used; the message is one sentence, on one line, that names the key."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def overlay_names(config: Path, kind: str) -> list[str]:
    """Names of the overlays of ``kind`` (``scales`` or ``variants``) under the ``config`` folder."""
    return sorted(path.stem for path in (config / kind).glob("*.yaml"))


def run_name(scale: str, variant: str | None) -> str:
    """Name of a result folder: ``<scale>`` or ``<scale>+<variant>``."""
    return f"{scale}+{variant}" if variant else scale


def load_settings(
    config: Path, scale: str, variant: str | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Validated settings of one run.

    ``overrides`` maps dotted keys (``run.seeds``) to values; text is read as YAML, as in the files. Raises
    :class:`SettingsError` with one sentence for an unknown scale, variant or key, a wrong type, an empty grid or an
    impossible combination.
    """
    tree = read_overlay(config, "scales", scale)
    if variant:
        tree = merged(tree, read_overlay(config, "variants", variant))
    for key, value in (overrides or {}).items():
        plain = parsed(value, f"setting {key}") if isinstance(value, str) else value
        tree = merged(tree, nested(key, plain))
    return validated(tree)


def validated(tree: Mapping[str, Any]) -> Settings:
    """Settings from a plain tree; raises :class:`SettingsError`.

    Types are taken strictly, as in JSON: text is no number, ``true`` is no 1, 1.5 is no count.
    """
    try:
        text = json.dumps(tree, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingsError(f"the settings are no tree of keys and plain values: {error}") from None
    try:
        return Settings.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise SettingsError(sentence(error)) from None


def read_overlay(config: Path, kind: str, name: str) -> dict[str, Any]:
    """One overlay file as a tree; raises :class:`SettingsError` when it is unknown or no YAML mapping."""
    known = overlay_names(config, kind)
    path = config / kind / f"{name}.yaml"
    if name not in known:
        listed = ", ".join(known) or "none"
        raise SettingsError(f"unknown {kind[:-1]} {brief(name)}: {config / kind} has no such file; known: {listed}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text; save it as such") from None
    tree = parsed(text, str(path))
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise SettingsError(f"{path} must hold a mapping of settings blocks, not a {type(tree).__name__}")
    return tree


def parsed(text: str, where: str) -> Any:
    """``text`` read as YAML; raises :class:`SettingsError`."""
    try:
        return read_yaml(text)
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(f"{where} is not YAML: {error}") from None


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``over`` laid on top, block by block."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def nested(dotted: str, value: Any) -> dict[str, Any]:
    """``run.seeds = 20`` as ``{"run": {"seeds": 20}}``."""
    head, _, tail = dotted.partition(".")
    return {head: nested(tail, value) if tail else value}


def sentence(error: ValidationError) -> str:
    """The first problem of a validation error as one sentence that names the key."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown settings key {brief(key)}{suggestion(key)}"
    if first["type"] == "json_invalid":
        return f"the settings are no tree of keys and plain values: {first['msg']}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "model_type":
        message = "a block of settings must be a mapping of keys to values"
    return f"setting {key} = {brief(first['input'])}: {message}" if key else f"setting {message}"


def brief(value: object) -> str:
    """``value`` as Python writes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def suggestion(key: str) -> str:
    """Hint at the nearest known key, or nothing."""
    near = difflib.get_close_matches(key, known_keys(), n=1)
    return f"; did you mean '{near[0]}'?" if near else "; config/config.yaml lists all keys"


def known_keys() -> list[str]:
    """All dotted settings keys."""
    tree = Settings().model_dump()
    return list(tree) + [f"{block}.{key}" for block, values in tree.items() for key in values]
