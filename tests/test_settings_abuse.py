"""Whatever stands in a settings file or on the command line: valid settings, or one sentence and no traceback."""

import contextlib
import io
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given
from hypothesis import settings as search
from hypothesis import strategies as draw

from hypersvg.pipeline.failures import explained
from hypersvg.pipeline.settings_file import parse_request, read_settings, resolve
from hypersvg.settings import Settings
from hypersvg.settings.overlay import known_keys

CONFIG = Path(__file__).parents[1] / "config"
LONGEST = 1600  # the list of known variants
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
ODD_VALUES = (
    *("1e999", "-1e999", ".nan", ".inf", "-.inf", "0x" + "f" * 6000, "9" * 5000, "1" + "_0" * 50, "1:2:3:4", "1e-400"),
    *("!!int ''", "!!float x", "!!bool maybe", "!!timestamp x", "!!binary 'é'", "!!set {a, b}", "!!omap [a: 1]"),
    *("!!python/object/apply:os.system ['true']", "!!python/name:os.system ''", "2024-13-45", "2024-01-05T25:00:00Z"),
    *(
        "&x 1",
        "*x",
        "[&x 1, *x]",
        "{<<: [1]}",
        "{<<: {a: 1}}",
        "? [a]",
        "~",
        "'",
        '"\\ud800"',
        "\t1",
        "|",
        ">-",
        "=",
        "---",
    ),
    *("{a: 1, a: 2}", "[" * 200, "{" * 100 + "}" * 100, "[" * 200 + "]" * 200, "%TAG", "@x", "`x", "x" * 5000),
)


@pytest.fixture(scope="module", autouse=True)
def own_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    (folder / "scales").mkdir()
    return folder


def outcome(body: Callable[[], Settings]) -> str | None:
    """The sentence that the program ends with, ``None`` where the settings are valid."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), explained():
            assert isinstance(body(), Settings)
            return None
    except SystemExit as end:
        status, lines = end.code, said.getvalue().splitlines()
    assert status not in (0, None)
    assert len(lines) == 1, lines
    assert lines[0].startswith("hypersvg: ")
    assert not lines[0].startswith("hypersvg: unexpected")
    assert len(lines[0]) < LONGEST
    return lines[0]


def of_file(config: Path, content: bytes) -> str | None:
    (config / "scales" / "odd.yaml").write_bytes(content)
    return outcome(lambda: resolve(config, {"scale": "odd"}))


scalars = draw.one_of(
    *(draw.none(), draw.booleans(), draw.integers(), draw.integers(-(10**400), 10**400), draw.floats(), draw.text()),
    *(draw.dates(), draw.datetimes(), draw.binary(max_size=9), draw.sampled_from(["adam", "auto", "cpu", "mnist"])),
)
values = draw.recursive(
    scalars,
    lambda inside: draw.lists(inside, max_size=3) | draw.dictionaries(scalars, inside, max_size=2),
    max_leaves=4,
)
BLOCKS, KEYS = (sorted({key.split(".")[at] for key in known_keys()}) for at in (0, -1))
trees = draw.dictionaries(
    draw.sampled_from(BLOCKS), draw.dictionaries(draw.sampled_from(KEYS), values, max_size=3) | values, max_size=3
)
pairs_of_text = draw.tuples(draw.sampled_from(["scale", "seeds", "device"]), draw.text(max_size=9)).map("=".join)
relaxed = search(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@relaxed
@given(tree=trees | values)
def test_any_tree(config, tree):
    of_file(config, yaml.safe_dump(tree, allow_unicode=True).encode())


@relaxed
@given(content=draw.binary(max_size=60))
@example(content=b"")
@example(content=b"\xff\xfe\x00r\x00u\x00n")
@example(content=b"\xef\xbb\xbfrun: {seeds: 2}")
@example(content=b"run: {seeds: 2}\r\n\x00")
@example(content=b"\t run: {seeds: 2}")
def test_any_bytes(config, content):
    of_file(config, content)


@relaxed
@given(text=draw.text(alphabet="runsedtoy:{}[]-,.&*!#%@|>?<=~'\" \n\t019", max_size=60))
def test_any_text_of_yamls_own_signs(config, text):
    of_file(config, text.encode())


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: value[:16])
def test_an_odd_value_is_refused_or_taken_in_a_file_and_on_the_command_line(config, value):
    of_file(config, f"run: {{seeds: {value}}}".encode())
    of_file(config, f"run:\n  seeds: {value}\n".encode())
    of_file(config, f"{value}: 1".encode())
    for key in ("scale", "variant", "seeds", "device", "other"):
        request = ["scale=smoke", f"{key}={value}"]
        assert outcome(lambda request=request: resolve(CONFIG, parse_request(request))) or key != "other"


@relaxed
@given(pairs=draw.lists(draw.text(max_size=8) | pairs_of_text, max_size=3))
def test_any_request(pairs):
    outcome(lambda: resolve(CONFIG, parse_request(pairs)))


def test_a_bomb_of_aliases_is_refused_at_once(config):
    assert "aliases (*a) are not taken" in of_file(config, BOMB.encode())
    assert "aliases (*x) are not taken" in of_file(config, b"run: &x {seeds: 2}\ntoy: *x")


def test_an_anchor_alone_does_no_harm_and_an_empty_file_means_the_defaults(config):
    assert of_file(config, b"run: &x {seeds: 2}") is None
    assert of_file(config, b"") is None
    assert of_file(config, b"# nothing\n") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"- run: {seeds: 2}", "must hold a mapping of settings blocks, not a list"),
        (b"run: [1]", "a block of settings must be a mapping"),
        (b"\trun: {seeds: 2}", "is not YAML"),
        (b"run: {seeds: 2}\nrun: {seeds: 3}", "the key 'run' stands twice"),
        (b"run: {memory_gib: .nan}", "run.memory_gib"),
        (b"run: {memory_gib: 1e999}", "run.memory_gib"),
        (b"run: {seeds: 1e6}", "run.seeds"),
        (b"r\xe9: 1", "is not UTF-8"),
        (b"run: {seeds: !!bool maybe}", "odd.yaml is not YAML: a value does not fit its tag"),
    ],
)
def test_the_sentence_says_what_is_wrong(config, content, words):
    assert words in of_file(config, content)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b"3", b"{", b"[" * 100_000, b'{"rum": {}}', b'{"run": 3}', None]
)
def test_a_damaged_settings_file_of_a_run_is_named(tmp_path, content):
    path = tmp_path / "settings.json"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    assert str(path) in outcome(lambda: read_settings(path))
