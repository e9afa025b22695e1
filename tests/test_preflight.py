"""Before a run: its time and disk are told, and what cannot work is refused."""

import shutil

import pytest
from checkout import ROOT

from hypersvg.pipeline import preflight
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.settings_file import parse_request, resolve, write_settings
from hypersvg.settings import Settings, load_settings, overlay_names

CONFIG = ROOT / "config"
ESTIMATES = CONFIG / "estimates.yaml"


@pytest.mark.parametrize("scale", overlay_names(CONFIG, "scales"))
def test_every_scale_has_a_measured_time(scale):
    need = preflight.estimate(load_settings(CONFIG, scale), scale, ESTIMATES, cores=2)
    assert need.minutes > 0


def test_a_scale_without_a_measured_time_is_refused():
    with pytest.raises(HypersvgError, match="no measured time for scale 'huge'"):
        preflight.estimate(Settings(), "huge", ESTIMATES, cores=2)


def test_one_core_takes_twice_as_long_as_the_two_that_were_measured():
    one, two = (preflight.estimate(Settings(), "default", ESTIMATES, cores) for cores in (1, 2))
    assert one.minutes == 2 * two.minutes


def test_the_inner_network_of_the_thesis_has_26506_parameters():
    assert preflight.parameters(Settings()) == 26_506


def test_the_disk_estimate_counts_every_state_of_the_offline_data_set():
    few, many = (preflight.disk_bytes(Settings.model_validate({"run": {"seeds": n}})) for n in (1, 3))
    trajectories = Settings().trajectories
    assert many - few == 2 * trajectories.count * (trajectories.steps + 1) * 26_506 * 4


def free(monkeypatch: pytest.MonkeyPatch, gib: float) -> None:
    usage = shutil.disk_usage("/")._replace(free=int(gib * 2**30))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)


def test_a_disk_that_is_too_small_is_refused_with_both_sizes(monkeypatch, tmp_path):
    free(monkeypatch, 0.5)
    with pytest.raises(HypersvgError, match=r"still needs 2\.0 GiB and the disk has 0\.5 GiB free"):
        preflight.announce(preflight.Estimate(5, 2 * 2**30), 2, tmp_path / "results" / "default")


def test_what_is_already_there_needs_no_room_again(monkeypatch, tmp_path):
    free(monkeypatch, 0.0005)
    (tmp_path / "states.npy").write_bytes(bytes(2**20))
    line = preflight.announce(preflight.Estimate(5, 2**20 + 2**18), 2, tmp_path)
    assert "about 5 min on 2 cores" in line


@pytest.mark.parametrize("name", ["fig_4_15", "ofline", "table_4_9"])
def test_an_unknown_stage_or_exhibit_is_refused_with_the_known_ones(name):
    with pytest.raises(HypersvgError, match=f"unknown stage or exhibit '{name}'; stages: data, toy.*fig_4_08"):
        preflight.check_targets([name])


def test_every_stage_and_exhibit_can_be_asked_for():
    preflight.check_targets(["all", "data", "online", "exhibits", "fig_4_01", "table_4_4"])


def test_a_request_is_read_like_snakemake_reads_it():
    request = parse_request(["scale=smoke", "seeds=3", "variant="])
    assert request == {"scale": "smoke", "seeds": 3, "variant": None}
    assert resolve(CONFIG, request).run.seeds == 3
    with pytest.raises(HypersvgError, match="'seeds' is no key=value"):
        parse_request(["seeds"])


def test_settings_are_rewritten_only_when_they_changed(tmp_path):
    path = tmp_path / "run" / "settings.json"
    write_settings(Settings(), path)
    before = path.stat().st_mtime_ns
    write_settings(Settings(), path)
    assert path.stat().st_mtime_ns == before
    write_settings(Settings.model_validate({"run": {"seeds": 2}}), path)
    assert '"seeds": 2' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "group", "mend"),
    [
        ("fig_schedule", "thesis", "add VARIANT=estimators"),
        ("beyond", "thesis", "add VARIANT=estimators"),
        ("table_4_2", "estimators", "leave out VARIANT=estimators"),
        ("sensitivity", "estimators", "leave out VARIANT=estimators"),
    ],
)
def test_a_target_of_the_other_group_is_refused_with_the_mend(name, group, mend):
    with pytest.raises(HypersvgError, match=mend):
        preflight.check_targets([name], group)
