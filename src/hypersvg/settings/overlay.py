"""Settings files: defaults ← ``config/scales/<scale>.yaml`` ← a variant's or a user's own file ← overrides."""

import difflib
import json
import re
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
    """Name of a result folder: ``<scale>`` or ``<scale>+<variant>``; a file of one's own counts by its stem."""
    if variant and is_file(variant):
        variant = Path(variant).stem
    return f"{scale}+{variant}" if variant else scale


def is_file(variant: str) -> bool:
    """Whether ``variant`` is a YAML file of one's own, not a name in ``config/variants``."""
    return str(variant).endswith((".yaml", ".yml"))


def load_settings(
    config: Path, scale: str, variant: str | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Validated settings of one run.

    ``variant`` is a name in ``config/variants`` or the path of a YAML file of one's own. ``overrides`` maps dotted keys
    (``run.seeds``) to values; text is read as YAML, as in the files. Raises :class:`SettingsError` with one sentence
    for an unknown scale, variant or key, a wrong type, an empty grid or an impossible combination.
    """
    tree = read_overlay(config, "scales", scale)
    if variant:
        over = own_overlay(config, Path(variant)) if is_file(variant) else read_overlay(config, "variants", variant)
        tree = merged(tree, over)
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
    """One overlay of ``config`` as a tree; raises :class:`SettingsError` when it is unknown or no YAML mapping."""
    known = overlay_names(config, kind)
    path = config / kind / f"{name}.yaml"
    if name not in known:
        listed = ", ".join(known) or "none"
        raise SettingsError(f"unknown {kind[:-1]} {brief(name)}: {config / kind} has no such file; known: {listed}")
    return read_tree(path)


def own_overlay(config: Path, path: Path) -> dict[str, Any]:
    """A user's own overlay file as a tree; the files that its ``extensions`` name are looked for beside it.

    Raises :class:`SettingsError` where its stem, which names the results' folder, cannot do so.
    """
    if not path.is_file():
        raise SettingsError(f"there is no file {path}; give VARIANT the name of a variant or the path of a YAML file")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", path.stem) or path.stem in overlay_names(config, "variants"):
        raise SettingsError(
            f"the name of {path} also names the folder of its results: use letters, digits, '-' and '_', and none of "
            "the names in config/variants; rename the file"
        )
    return merged(tree := read_tree(path), anchored(tree.get("extensions"), path.parent))


def anchored(extensions: Any, folder: Path) -> dict[str, Any]:
    """The files of a tree's block ``extensions`` as absolute paths; what is no such block is left to the types."""

    def absolute(reference: Any) -> Any:
        file, colon, name = reference.rpartition(":") if isinstance(reference, str) else ("", "", "")
        return f"{(folder / file).resolve()}:{name}" if colon else reference

    if not isinstance(extensions, dict):
        return {}
    found = {"task": absolute(extensions["task"])} if "task" in extensions else {}
    controllers = extensions.get("controllers")
    if isinstance(controllers, dict):
        found["controllers"] = {name: absolute(reference) for name, reference in controllers.items()}
    return {"extensions": found}


def read_tree(path: Path) -> dict[str, Any]:
    """A YAML file as a tree; raises :class:`SettingsError` when it is no YAML mapping."""
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
    blocks = {name: type(getattr(Settings(), name)) for name in Settings.model_fields}
    return list(blocks) + [f"{name}.{key}" for name, block in blocks.items() for key in block.model_fields]
