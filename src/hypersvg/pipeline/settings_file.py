"""``results/<run>/settings.json``: the resolved settings that every job of a run reads."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypersvg.files import write_text
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.settings import Settings, SettingsError, load_settings
from hypersvg.settings.overlay import parsed, validated

OVERRIDES = {"seeds": "run.seeds", "device": "run.device"}
"""What may be given on the command line beside scale and variant, and the settings key behind it."""


def resolve(config: Path, request: Mapping[str, Any]) -> Settings:
    """Settings of a request ``{scale, variant, seeds, device}``; raises ``SettingsError`` in one sentence."""
    known = ("scale", "variant", *OVERRIDES)
    for key in request:
        if key not in known:
            raise HypersvgError(f"unknown option '{key}'; known: {', '.join(known)}")
    overrides = {key: request[name] for name, key in OVERRIDES.items() if request.get(name) not in (None, "")}
    return load_settings(config, str(request.get("scale", "default")), request.get("variant") or None, overrides)


def parse_request(pairs: Sequence[str]) -> dict[str, Any]:
    """``["seeds=2", "variant=sgd"]`` as a mapping, values read as YAML like Snakemake does; raises a sentence."""
    request = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise HypersvgError(f"'{pair}' is no key=value")
        request[key] = parsed(value, f"option {key}")
    return request


def write_settings(settings: Settings, path: Path) -> None:
    """Write the settings in one step, and only where they changed."""
    text = settings.model_dump_json(indent=2) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    write_text(path, text)


def read_settings(path: Path) -> Settings:
    """Settings of a run; raises a sentence when the file is missing or damaged."""
    try:
        return validated(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise HypersvgError(f"there is no {path}; start the run with make or snakemake, which write it") from None
    except (OSError, ValueError, RecursionError) as error:
        problem = "of another version" if isinstance(error, SettingsError) else "damaged"
        raise HypersvgError(f"{path} is {problem} ({error}); delete it and start the run again") from None
