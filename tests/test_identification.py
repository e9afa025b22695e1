"""Identifying the inner protocol: a planted truth is found, the test keeps its level, nothing is left half-written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from planted import TRUTH, Planted, halved

from hypersvg.data import prepare
from hypersvg.experiments.identification import bandits, sharing, twenty_steps
from hypersvg.experiments.identification.candidates import ALL, FULL, MINIBATCH, Candidate, Protocol
from hypersvg.experiments.identification.full_batch import full_batches
from hypersvg.experiments.identification.halving import LAST, RUNGS, Fates, twin_of
from hypersvg.experiments.identification.last_rung import candidates_frame, finalists, judged, rows_frame
from hypersvg.experiments.identification.naming import Judged, named, near, not_rejected
from hypersvg.experiments.identification.scoring import p_value, unpaired
from hypersvg.experiments.identification.store import Store
from hypersvg.experiments.identification.trials import readings, task_of
from hypersvg.experiments.identification.workers import Workers, images_of
from hypersvg.images import load_images
from hypersvg.settings import Settings
from hypersvg.settings.blocks import Data
from hypersvg.thesis import BANDIT_ROWS
from hypersvg.training import InnerTraining


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    prepare(Data(source="digits", limit=700), folder)
    return folder / "images.safetensors"


@pytest.fixture(scope="module")
def searched() -> tuple[Fates, list[Judged]]:
    """A whole search for the planted truth."""
    fates = halved()
    return fates | full_batches(Planted(), fates), judged(Planted(), fates, 20)


def test_halving_finds_a_planted_truth_and_the_test_keeps_it(searched: tuple[Fates, list[Judged]]) -> None:
    fates, order = searched
    last = finalists(fates)
    assert order[0].candidate in (TRUTH, replace(TRUTH, length="epoch"))
    assert order[0] in not_rejected(order)
    assert not [one for one in not_rejected(order) if one.rmse > 0.05]
    assert len(last) <= 12
    assert any(one.literal for one in last)
    assert sum(one.thesis_network for one in last) >= 3


def test_every_candidate_has_a_rung_or_a_reason(searched: tuple[Fates, list[Judged]]) -> None:
    fates, order = searched
    frame = candidates_frame(fates, order)
    rows = rows_frame(Planted(), order[:2], 20)
    assert len(frame) == len(MINIBATCH) + len(FULL) == 1008
    assert frame["reason"].str.len().gt(10).all()
    assert not frame["candidate"].duplicated().any()
    counts = [sum(fate.rung is not None and fate.rung >= rung for fate in fates.values()) for rung in (1, 2, 3)]
    assert counts == [rung.keep for rung in RUNGS[:LAST]]
    assert len(rows) == 2 * 14
    assert rows["deficit"].ge(0).all()


def test_of_two_lengths_that_are_nearly_the_same_only_the_better_goes_on() -> None:
    epoch, steps, short = (Candidate(batch_size=256, length=length) for length in ("epoch", "200", "100"))
    assert (epoch.steps(), steps.steps()) == (195, 200)
    assert twin_of(epoch, [steps]) == steps
    assert twin_of(short, [steps, epoch]) is None
    assert twin_of(replace(epoch, optimizer="sgd"), [steps]) is None


def test_p_is_uniform_for_an_exchangeable_vector_and_smallest_for_a_strange_one() -> None:
    generator = np.random.default_rng(1)
    mixing = generator.normal(size=(3, 3))
    bags = [generator.standard_t(3, (10, 3)) @ mixing * 0.02 + 0.8 for _ in range(400)]
    ps = np.array([p_value(bag[:-1], bag[-1]) for bag in bags])
    for level in (0.1, 0.3, 0.5, 0.8):
        assert (ps <= level + 1e-9).mean() == pytest.approx(level, abs=0.075)
    assert p_value(bags[0][:-1], np.array([0.1, 0.1, 0.1])) == pytest.approx(0.1)


def test_unpaired_vectors_hold_the_same_values_of_every_row() -> None:
    sample = np.arange(12.0).reshape(4, 3)
    shifted = unpaired(sample)
    assert (np.sort(shifted, axis=0) == np.sort(sample, axis=0)).all()
    assert not (shifted[0] == sample[0]).all()


def test_a_longer_training_passes_through_the_shorter_one(images: Path) -> None:
    data = load_images(images)
    long = readings(Protocol(batch_size=64), data, (3, 7), (0, 1), (0.1, 0.001))
    short = readings(Protocol(batch_size=64), data, (3,), (0, 1), (0.1, 0.001))
    assert (long.accuracy[0] == short.accuracy[0]).all()
    assert long.accuracy.shape == (2, 2, 2)


def test_a_diverged_run_scores_chance(images: Path) -> None:
    wild = Protocol("momentum", 64, scaling="standardised", activation="relu")
    found = readings(wild, load_images(images, "standardised"), (30,), (0,), (1e30, 1e-4))
    assert found.alive[0, 0].tolist() == [False, True]
    assert found.accuracy[0, 0, 0] == pytest.approx(0.1)


def test_a_full_batch_taken_in_pieces_has_the_loss_of_the_whole(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypersvg.experiments.identification.trials.PIECE", 77)
    task = task_of(Protocol(batch_size=ALL), load_images(images))
    training = InnerTraining(task, "sgd", (0,), 2)
    train = task.images.train
    whole = task.network.loss(training.parameters, train.images.unsqueeze(0), train.labels.unsqueeze(0))
    assert torch.allclose(task.loss(training.parameters, training.batches.next()), whole, atol=1e-6)


def test_the_number_of_processes_changes_nothing(images: Path) -> None:
    candidates = [Candidate(batch_size=64), Candidate(batch_size=64, length="epoch"), Candidate("sgd", 128)]
    found = []
    for processes in (1, 2):
        with Workers(images, processes) as workers:
            store = Store(workers, 500)
            store.train(candidates, range(2), (0.1, 0.01), "some")
            store.train(candidates, range(3), (0.1, 0.01, 0.001), "more")
            found.append(store.accuracy)
    assert found[0] == found[1]
    assert len(found[0]) == 3 * 3 * 3


def test_bandits_restart_as_each_reading_says(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandits, "Settings", lambda: Settings(svg={"width": 4}))
    candidate = Candidate("sgd", 64)
    task = task_of(candidate, images_of(images, "unit"))
    fresh, initial, kept, predicted = bandits.restarts(task, candidate, 0, "bandit10")
    assert (initial == initial[0]).all()
    assert not torch.equal(fresh[0], initial[0])
    moved = (kept - initial).abs().mean(dim=1)
    rates = torch.tensor([row.rate for row in BANDIT_ROWS if row.source == "bandit10"])
    assert (moved.argsort() == rates.argsort()).float().mean() > 0.5
    assert not torch.equal(predicted, kept)
    assert (predicted - kept).abs().mean() < moved.mean()


def test_a_fresh_start_needs_no_warm_up_and_scores_what_it_scores_beside_the_other_resets(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bandits, "Settings", lambda: Settings(svg={"width": 4}))
    monkeypatch.setattr(bandits, "BANDIT_ROWS", rows := BANDIT_ROWS[::4])
    every, fresh = (
        bandits.work(images, bandits.BanditTrial(Candidate("sgd", 64), 0, resets))
        for resets in (bandits.RESETS, bandits.FRESH)
    )
    assert (every.shape, fresh.shape) == ((4, len(rows)), (1, len(rows)))
    assert fresh[0] == pytest.approx(every[0], abs=0.02)
    assert not (fresh[0] == every[1]).all()


def test_a_best_of_many_is_really_evaluated_each_from_first_weights_of_its_own(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twenty_steps, "EVALUATIONS", 40)
    draws = twenty_steps.evaluations(images, twenty_steps.ShortTrial(Protocol(batch_size=64), 4))
    assert draws.shape == (40,)
    assert len(set(draws.tolist())) > 10


def test_a_number_is_judged_within_its_rounding_and_by_what_can_be_printed() -> None:
    number = twenty_steps.Number("x", 0.6, 0.01, 0.05, "Table 4.3, PPO", "")
    inside, outside = np.full(10, 0.64), np.full(10, 0.8)
    assert twenty_steps.judged(number, inside, None)["p"] == 1
    assert not twenty_steps.judged(number, outside, None)["not_rejected"]
    sharp = replace(number, accuracy=0.61, tolerance=0.005)
    assert not twenty_steps.judged(sharp, np.full(10, 0.61), 8)["not_rejected"], "no multiple of 1/8 is printed 61"
    assert twenty_steps.judged(sharp, np.full(10, 0.61), 64)["not_rejected"]


def test_the_best_of_200_is_nearly_three_deviations_above_the_mean() -> None:
    sample = np.random.default_rng(0).normal(0.85, 0.01, 10)
    best = twenty_steps.best_of_normal(sample)
    assert best.mean() - sample.mean() == pytest.approx(2.75 * sample.std(ddof=1), rel=0.1)
    draws = np.random.default_rng(1).normal(0.85, 0.01, 200)
    assert 0.87 < twenty_steps.best_of(draws, 10).mean() <= draws.max()


def test_pairs_share_what_neither_rejects() -> None:
    rows = []
    for number in twenty_steps.NUMBERS:
        for protocol, network in (("one", ("he_uniform", "elu")), ("two", ("glorot", "tanh"))):
            fits = (number.name == "BO") == (protocol == "one")
            parts = {"optimizer": "adam", "batch_size": "8", "scaling": "unit", "network": number.network}
            parts |= {"initialisation": network[0], "activation": network[1]}
            scores = {"log_probability": -1.0 if fits else -9.0, "not_rejected": fits}
            rows.append({"number": number.name, "protocol": protocol, "quantity": "q", **parts, **scores})
    pairs = {(one["first"], one["second"]): one for one in sharing.pairs(pd.DataFrame(rows))}
    bo, ppo = pairs["BO", "PPO"], pairs["fixed rate", "PPO"]
    assert (bo["same"]["count"], bo["protocol"]["count"], bo["training"]["count"]) == (0, 0, 1)
    assert (ppo["same"]["count"], ppo["same"]["cost"]) == (1, 0)


def judgement(likelihood: float, p: float, **parts: Any) -> Judged:
    return Judged(Candidate(**parts), likelihood, likelihood, likelihood, likelihood, 0.04, p, p)


def test_the_rule_puts_the_thesis_network_first_then_the_test_then_the_likelihood_then_the_cost() -> None:
    other = judgement(50, 0.5, initialisation="glorot")
    dear, cheap, far = judgement(30, 0.01, batch_size=1024), judgement(27, 0.01), judgement(10, 0.01, batch_size=64)
    assert named([other, dear, cheap, far]).candidate == cheap.candidate
    assert named([other, dear, cheap, replace(far, p=0.3)]).candidate == far.candidate
    assert near([dear, cheap, far]) == [dear, cheap]
    with pytest.raises(ValueError, match=r"no candidate of the last rung has Table 4\.3's network"):
        named([other])
