"""Settings are typed, generated files keep step with them, and nothing impossible gets as far as a job."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as draw

from hypersvg.documents import DOCUMENTS, settings_yaml, stale_documents, write_documents
from hypersvg.settings import Settings, SettingsError, load_settings, overlay_names
from hypersvg.settings.overlay import known_keys, validated
from hypersvg.settings.yaml_text import read_yaml

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
SCALES, VARIANTS = overlay_names(CONFIG, "scales"), overlay_names(CONFIG, "variants")


def refusal(tree: object) -> str:
    with pytest.raises(SettingsError) as caught:
        validated(tree)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_generated_files_keep_step_with_the_types():
    assert not stale_documents(ROOT), "run `make docs`"


def test_a_changed_or_missing_generated_file_is_found_and_mended(tmp_path):
    shutil.copytree(CONFIG / "variants", tmp_path / "config" / "variants")
    assert len(stale_documents(tmp_path)) == len(DOCUMENTS)
    write_documents(tmp_path)
    assert stale_documents(tmp_path) == []
    path = tmp_path / "config" / "config.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("seeds: 6", "seeds: 7"), encoding="utf-8")
    assert stale_documents(tmp_path) == [path]


def test_the_generated_defaults_are_the_defaults_and_every_key_is_explained():
    text = settings_yaml()
    tree = read_yaml(text)
    assert validated(tree) == Settings()
    assert tree == {**json.loads(Settings().model_dump_json()), "extensions": {"controllers": {}, "task": None}}
    assert yaml.safe_load(text) == tree, "other YAML readers see other values"
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("  ") and ":" in line and not line.lstrip().startswith("#"):
            assert lines[number - 1].startswith("  # "), f"{line} has no meaning"


def test_the_scales_of_the_readme_exist():
    assert {"smoke", "default", "paper"} <= set(SCALES)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("variant", [None, *VARIANTS])
def test_every_scale_is_valid_under_every_variant(scale, variant):
    load_settings(CONFIG, scale, variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_changes_something(variant):
    assert any(load_settings(CONFIG, scale, variant) != load_settings(CONFIG, scale) for scale in SCALES)


def test_settings_survive_their_file():
    for scale in SCALES:
        settings = load_settings(CONFIG, scale)
        assert validated(json.loads(settings.model_dump_json())) == settings


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"rum": {"seeds": 2}}, "unknown settings key 'rum'; did you mean 'run'?"),
        ({"run": {"seedz": 2}}, "unknown settings key 'run.seedz'; did you mean 'run.seeds'?"),
        ({"svg": {"quite": 1}}, "'svg.quite'"),
        ({"run": 3}, "setting run = 3: a block of settings must be a mapping"),
        ({"run": {"seeds": "six"}}, "setting run.seeds = 'six'"),
        ({"run": {"seeds": "6"}}, "setting run.seeds = '6'"),
        ({"run": {"seeds": True}}, "setting run.seeds = True"),
        ({"run": {"seeds": 1.5}}, "setting run.seeds = 1.5"),
        ({"run": {"seeds": None}}, "setting run.seeds = None"),
        ({"run": {"seeds": 10_001}}, "setting run.seeds = 10001"),
        ({"svg": {"sigma": float("nan")}}, "setting svg.sigma = nan"),
        ({"svg": {"sigma": float("inf")}}, "setting svg.sigma = inf"),
        ({"inner": {"optimizer": "adagrad"}}, "setting inner.optimizer = 'adagrad'"),
        ({"toy": {"momenta": []}}, "setting toy.momenta = []"),
        ({"toy": {"momenta": [0.9, 0.9]}}, "toy.momenta: values repeat"),
        ({"toy": {"evaluation_starts": []}}, "setting toy.evaluation_starts = []"),
        ({"toy": {"evaluation_starts": [0.0, -0.0]}}, "toy.evaluation_starts: values repeat"),
        ({"toy": {"log_rate_range": [0, -1]}}, "toy.log_rate_range: must rise"),
        ({"toy": {"log_rate_range": [0]}}, "setting toy.log_rate_range"),
        ({"ppo": {"arms": []}}, "setting ppo.arms = []"),
        ({"ppo": {"arms": ["dense", "dense"]}}, "ppo.arms: values repeat"),
        ({"ppo": {"lowest": 1.0, "highest": 1.0}}, "ppo.lowest: must be below ppo.highest"),
        ({"online": {"bad_grid": [-1, -5, 0]}}, "setting online.bad_grid.2 = 0"),
        ({"online": {"good_grid": [-1, -400, 5]}}, "setting online.good_grid.1 = -400"),
        ({"online": {"good_grid": [-1, -1, 5]}}, "online.good_grid: first and last rate are the same"),
        ({"online": {"warm_ups": [10, 500]}}, "online.warm_ups: longer than online.steps"),
        ({"offline": {"unrolls": [5, 40]}}, "offline.unrolls: an unroll cannot be longer than trajectories.steps"),
        ({"offline": {"batch_trajectories": 1000}}, "offline.batch_trajectories: more than"),
        ({"offline": {"iterations": 7}}, "offline.iterations: must be a multiple"),
        ({"svg": {"lowest": 0.01}}, "svg.neutral_rate: must lie between"),
        ({"inner": {"batch_size": 50_001}}, "inner.batch_size: larger than the 50000 training images"),
        ({"data": {"source": "digits"}, "inner": {"batch_size": 1286}}, "larger than the 1285 training images"),
        ({"data": {"limit": 700}, "inner": {"batch_size": 501}}, "larger than the 500 training images"),
        ({"data": {"limit": 699}}, "setting data.limit = 699"),
        ({1: 2}, "unknown settings key '1'"),
        ({"a\nb": 1}, r"unknown settings key 'a\nb'"),
        ({("a", "b"): 1}, "no tree of keys and plain values"),
    ],
)
def test_a_bad_setting_is_refused_in_one_sentence_that_names_the_key(tree, words):
    assert words in refusal(tree)


def test_a_long_value_is_cut_in_the_sentence():
    assert len(refusal({"run": {"device": "x" * 10_000}})) < 250


def test_a_tree_that_holds_itself_is_refused():
    tree: dict[str, object] = {}
    tree["run"] = tree
    assert "no tree" in refusal(tree)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run: {seeds: 2", "is not YAML"),
        ("run: {seeds: 2, seeds: 3}", "the key 'seeds' stands twice"),
        ("run: {}\nrun: {}", "the key 'run' stands twice"),
        ("- run", "must hold a mapping of settings blocks, not a list"),
        ("0", "must hold a mapping of settings blocks, not a int"),
        ("run: {seeds: 2024-13-45}", "is not YAML"),
        ("run: !!python/object:os.system {}", "is not YAML"),
        ("run: {seeds: 2024-01-05}", "setting run.seeds = '2024-01-05'"),
        ("\x00", "is not YAML"),
        ("*nothing", "is not YAML"),
        ("[" * 5000, "is not YAML"),
    ],
)
def test_a_bad_overlay_is_refused_in_one_sentence(tmp_path, text, words):
    (tmp_path / "scales").mkdir()
    (tmp_path / "scales" / "odd.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, "odd")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_overlay_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "scales").mkdir()
    (tmp_path / "scales" / "odd.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"odd\.yaml is not UTF-8"):
        load_settings(tmp_path, "odd")


@pytest.mark.parametrize("name", ["huge", "../scales/smoke", "", "Smoke"])
def test_an_unknown_scale_or_variant_is_refused_with_the_known_ones(name):
    with pytest.raises(SettingsError, match=r"unknown scale .*known: .*smoke"):
        load_settings(CONFIG, name)
    if name:
        with pytest.raises(SettingsError, match=rf"unknown variant .*known: .*{VARIANTS[0]}"):
            load_settings(CONFIG, "smoke", name)


def test_overlays_are_laid_over_one_another_block_by_block(tmp_path):
    for kind, text in (("scales", "svg: {width: 3, sigma: 1e-2}\n"), ("variants", "svg: {width: 4}\n")):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "it.yaml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path, "it", "it", {"run.seeds": "20", "run.device": "auto"})
    assert (settings.svg.width, settings.svg.sigma) == (4, 0.01)
    assert (settings.run.seeds, settings.run.device) == (20, "auto")
    assert settings.toy == Settings().toy


@pytest.mark.parametrize(("key", "value"), [("run.seeds", "many"), ("run.seeds", 0), ("run.colour", 1), ("seeds", 2)])
def test_a_bad_override_is_refused_by_its_key(key, value):
    with pytest.raises(SettingsError, match=key):
        load_settings(CONFIG, "smoke", None, {key: value})


def complaint_about(call: Callable[[], object]) -> str | None:
    """The sentence with which the settings refuse, or nothing; any other error goes through."""
    try:
        call()
    except SettingsError as error:
        return str(error)
    return None


PLAIN = draw.none() | draw.booleans() | draw.integers() | draw.floats() | draw.text(max_size=8) | draw.dates()
VALUES = draw.recursive(
    PLAIN, lambda inner: draw.lists(inner, max_size=4) | draw.dictionaries(draw.text(max_size=5), inner, max_size=3)
)
KEYS = draw.sampled_from([key for key in known_keys() if "." in key])


@search(max_examples=400, deadline=None)
@given(draw.dictionaries(KEYS, VALUES, max_size=3), draw.dictionaries(draw.text(max_size=6), VALUES, max_size=1))
def test_any_tree_is_either_valid_or_refused_in_one_sentence(known, unknown):
    tree: dict[str, object] = dict(unknown)
    for key, value in known.items():
        block, _, name = key.partition(".")
        inside = tree.setdefault(block, {})
        if isinstance(inside, dict):
            inside[name] = value
    complaint = complaint_about(lambda: validated(tree))
    if complaint is None:
        assert validated(json.loads(validated(tree).model_dump_json())) == validated(tree)
    else:
        assert 0 < len(complaint) < 600
        assert "\n" not in complaint


@search(max_examples=200, deadline=None)
@given(draw.text(alphabet="abrunsedtoy:{}[]-,.&*!#%@|>'\" \n\t01", max_size=40))
def test_any_text_is_either_a_valid_override_or_refused_in_one_sentence(text):
    complaint = complaint_about(lambda: load_settings(CONFIG, "smoke", None, {"toy.momenta": text}))
    assert "\n" not in (complaint or "")
