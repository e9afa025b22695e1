"""Typed settings: :class:`Settings` and how a scale, a variant and single overrides are laid over the defaults."""

from hypersvg.settings.blocks import Settings
from hypersvg.settings.overlay import SettingsError, load_settings, overlay_names, run_name

__all__ = ["Settings", "SettingsError", "load_settings", "overlay_names", "run_name"]
