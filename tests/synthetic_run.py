"""A complete small run made from formulas instead of trainings: every table by its schema."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from synthetic_probes import probe_tables, steering

from hypersvg.experiments.arms import bo_lengths, clip_arm
from hypersvg.reading.methods import bandits, own, warm_up
from hypersvg.reading.results import FILES
from hypersvg.schema.runs import RUNTIMES
from hypersvg.settings import Settings
from hypersvg.sidecars import sha256
from hypersvg.tables import write_table
from hypersvg.thesis import PROTOCOL_ROWS

STAMP = "stand-in data: UCI digits, not comparable with the thesis"
Frame = pd.DataFrame


def write_run(folder: Path, *, stand_in: bool = False, **blocks: dict[str, Any]) -> Path:
    """Write ``settings.json``, the manifest and all tables with sidecars; ``blocks`` override settings."""
    settings = json.dumps(Settings.model_validate(blocks).model_dump(mode="json"))
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(settings, encoding="utf-8")
    manifest = {"source": "digits" if stand_in else "mnist", "stand_in": stand_in, "stamp": STAMP if stand_in else ""}
    (folder / "tables" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for name, content in stored(settings).items():
        (folder / "tables" / name).write_bytes(content)
        keep_record(folder / "tables" / name)
    return folder


def keep_record(table: Path) -> None:
    """Write the sidecar of a gathered table, as if it had just been gathered with this content."""
    made = {"git": {"revision": None, "dirty": False}, "versions": {}, "machine": {}, "wall_seconds": 0}
    sidecar = {**made, "inputs": {}, "outputs": {table.name: sha256(table)}}
    table.with_suffix(".provenance.json").write_text(json.dumps(sidecar), encoding="utf-8")


@cache
def stored(settings: str) -> dict[str, bytes]:
    """The files of :func:`tables`, checked by their schemas; made once a session, since settings decide every byte."""
    files = {}
    with TemporaryDirectory() as folder:
        for name, frame in tables(Settings.model_validate_json(settings)).items():
            path = Path(folder) / f"{name}.parquet"
            write_table(frame, FILES[name], path)
            files[path.name] = path.read_bytes()
    return files


def tables(settings: Settings) -> dict[str, Frame]:
    """All tables of a run, a pure function of the settings."""
    made = Synthetic(settings)
    online, baselines = made.online(), made.baselines()
    return {
        **made.toy(),
        **made.ppo(),
        **made.offline(),
        **probe_tables(settings, np.random.default_rng(8)),
        "steering_gradients": steering(online[0], made.steered_methods(), np.random.default_rng(9)),
        **made.bayesian(),
        "trajectories": made.trajectories(),
        "online_curves": online[0],
        "online_runs": online[1],
        "baselines_curves": baselines[0],
        "baselines_runs": pd.concat([baselines[1], made.bo_runs()]),
        "runtimes": made.runtimes(),
        "shortlist": made.shortlist(),
    }


def accuracy(rate: Any, step: Any) -> Any:
    """Something like Adam on MNIST: best near a rate of 0.01, slow below, noisy and lower above."""
    log_rate = np.log10(rate)
    best = 0.94 - 0.10 * np.clip(log_rate + 1.9, 0, None) ** 1.5
    pace = np.clip(rate / 0.004, 1e-3, 12.0)
    return np.clip(0.1 + (best - 0.1) * (1 - np.exp(-pace * step / 8.0)), 0.05, 1.0)


class Synthetic:
    """Tables of one run; every draw comes from one generator, in a fixed order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seeds = range(settings.run.seeds)
        self.random = np.random.default_rng(7)

    def noise(self, scale: float, size: int | None = None) -> Any:
        return self.random.normal(0.0, scale, size)

    def curve(self, label: dict[str, Any], rates: np.ndarray, warm: int) -> Frame:
        """A curve whose rate may change a step and whose parameters are reset after ``warm`` steps."""
        steps = np.arange(1, len(rates) + 1)
        local = np.where(steps > warm, steps - warm, steps)
        noisy = np.clip(accuracy(rates, local) + self.noise(0.006, len(steps)), 0, 1)
        columns = {
            "step": steps,
            "phase": np.where(steps > warm, "main", "warm_up"),
            "rate": rates,
            "train_loss": 2.3 * (1.02 - noisy),
            "val_accuracy": noisy,
            "status": "diverged" if label.pop("diverged", False) else "ok",
        }
        return pd.DataFrame({**columns, **label})

    def finished(self, curve: Frame, steps: int, updates: int) -> dict[str, Any]:
        """The run of a curve."""
        keys = ["method", "grid", "run", "start", "seed", "rate", "status"]
        last, accuracy = {key: curve[key].iat[-1] for key in keys}, curve["val_accuracy"].iat[-1]
        score = {"quoted_accuracy": accuracy, "val_accuracy": accuracy}
        test = {"test_accuracy": float(accuracy - 0.004 + self.noise(0.002))}
        return {**last, **score, **test, "inner_steps": steps, "evaluations": 1, "surrogate_updates": updates}

    def starts(self, grid: str) -> np.ndarray:
        first, last, count = getattr(self.settings.online, f"{grid}_grid")
        return np.logspace(first, last, count)

    def online(self) -> tuple[Frame, Frame]:
        """Adaptive, the bandits and their control arms; a user's own methods leave all other draws as they are."""
        longest = bandits(self.settings)[-1]
        controls = [f"{method}_{part}" for method in ("adaptive", longest) for part in ("untrained", "frozen")]
        made = self.online_runs(["adaptive", "hypergradient", *bandits(self.settings), *controls])
        state = self.random.bit_generator.state
        made += self.online_runs(own(self.settings))
        self.random.bit_generator.state = state
        curves, runs = zip(*made, strict=True)
        return pd.concat(curves, ignore_index=True), pd.DataFrame(runs)

    def online_runs(self, methods: Sequence[str]) -> list[tuple[Frame, dict[str, Any]]]:
        """Curve and finished run of every start and seed."""
        made = []
        for method in methods:
            for grid in ("good", "bad"):
                for run, start in enumerate(self.starts(grid)):
                    for seed in self.seeds:
                        label = {"method": method, "grid": grid, "run": run, "start": start, "seed": seed}
                        label["diverged"] = method == "adaptive" and run == 0 and seed == 1
                        curve = self.steered(label, method, start)
                        updates = 0 if method.endswith("untrained") else warm_up(method) or self.settings.online.steps
                        made.append((curve, self.finished(curve, len(curve), updates)))
        return made

    def steered_methods(self) -> list[str]:
        """Methods of ``steering_gradients``."""
        return ["adaptive", bandits(self.settings)[-1], "adaptive_frozen", "hypergradient"]

    def steered(self, label: dict[str, Any], method: str, start: float) -> Frame:
        """The rate drifts towards a target in log10; a bandit keeps its last rate after the warm-up."""
        warm, steps = warm_up(method), self.settings.online.steps
        target = np.log10(start) if method.endswith("untrained") else -1.6 + self.noise(0.5)
        length = warm or steps
        path = 10 ** (np.log10(start) + (target - np.log10(start)) * (1 - np.exp(-np.arange(length) / 12.0)))
        rates = np.concatenate([path, np.full(steps, path[-1])]) if warm else path
        return self.curve(label, rates, warm)

    def baselines(self) -> tuple[Frame, Frame]:
        """Grid, random search and the constant rates."""
        bounds, steps = self.settings.baselines, self.settings.online.steps
        rows: list[tuple[str, str, int, float, int]] = []
        for seed in self.seeds:
            for grid in ("good", "bad"):
                starts = [(grid, run, float(start), seed) for run, start in enumerate(self.starts(grid))]
                rows += [(method, *start) for start in starts for method in ("grid", "grid_long")]
                draws = self.random.uniform(bounds.lowest, bounds.highest, len(self.starts(grid)))
                rows += [("random_rate", grid, run, float(rate), seed) for run, rate in enumerate(draws)]
            draws = self.random.uniform(bounds.lowest, bounds.highest, bounds.random_draws)
            rows += [("random", "none", run, float(rate), seed) for run, rate in enumerate(draws)]
            rows += [("adam_default", "none", 0, 0.001, seed), ("best_constant", "none", 0, 0.01, seed)]
        curves, runs = [], []
        for method, grid, run, start, seed in rows:
            label = {"method": method, "grid": grid, "run": run, "start": start, "seed": seed}
            curve = self.curve(label, np.full(steps, start), 0)
            runs.append(self.finished(curve, steps, 0))
            if method != "grid_long":
                curves.append(curve)
        return pd.concat(curves, ignore_index=True), pd.DataFrame(runs)

    def bayesian(self) -> dict[str, Frame]:
        """Bayesian optimization's evaluations."""
        settings, frames = self.settings.baselines, []
        total = settings.bo_initial + settings.bo_iterations
        for seed in self.seeds:
            rates = 10 ** self.random.uniform(-5, -1, total)
            guided = np.arange(total) >= settings.bo_initial
            rates[guided] = 10 ** (-1.9 + self.noise(0.12, int(guided.sum())))
            scores = np.clip(accuracy(rates, settings.bo_steps) + self.noise(0.012, total), 0, 1)
            columns = {
                "evaluation": np.arange(1, total + 1),
                "phase": np.where(guided, "guided", "initial"),
                "rate": rates,
                "val_accuracy": scores,
                "best_so_far": np.maximum.accumulate(scores),
            }
            frames.append(pd.DataFrame(columns).assign(seed=seed, status="ok"))
        self.bo_evaluations = pd.concat(frames, ignore_index=True)
        return {"bo_evaluations": self.bo_evaluations}

    def bo_runs(self) -> Frame:
        """The found rate of every seed."""
        best = self.bo_evaluations.loc[self.bo_evaluations.groupby("seed").val_accuracy.idxmax()]
        scores = accuracy(best.rate.to_numpy(), self.settings.baselines.bo_steps) + self.noise(0.003, len(best))
        rows = best[["seed", "rate", "status"]].assign(quoted_accuracy=best.val_accuracy)
        count = len(self.bo_evaluations) // len(self.seeds)
        methods = pd.DataFrame({"method": ["bo", *bo_lengths(self.settings)]})
        return rows.merge(methods, how="cross").assign(
            grid="none",
            run=0,
            start=np.nan,
            evaluations=count,
            surrogate_updates=0,
            val_accuracy=np.repeat(scores, len(methods)),
            test_accuracy=np.repeat(scores, len(methods)) - 0.004,
            inner_steps=count * self.settings.baselines.bo_steps,
        )

    def episodic(self, method: str, rate: float, quoted: float, seed: int, **charged: int) -> dict[str, Any]:
        """A row of runs of offline SVG or PPO."""
        score = float(accuracy(rate, 20) + self.noise(0.01))
        keys = {"method": method, "grid": "none", "run": 0, "start": np.nan, "seed": seed, "rate": rate, "status": "ok"}
        return {
            **keys,
            "quoted_accuracy": quoted,
            "val_accuracy": score,
            "test_accuracy": score - 0.003,
            "inner_steps": 0,
            "evaluations": 0,
            "surrogate_updates": 0,
            **charged,
        }

    def ppo(self) -> dict[str, Frame]:
        """PPO's updates and runs."""
        settings, updates, runs = self.settings.ppo, [], []
        progress = np.arange(1, settings.iterations + 1) / settings.iterations
        for seed in self.seeds:
            arms = [("sparse_once", 1, -1.8), ("sparse_every", 1, -2.2), ("dense", 15, -2.7)]
            clips = [(clip_arm(clip), 1, -1.8) for clip in settings.other_clips]
            for arm, scale, goal in [arm for arm in arms if arm[0] in settings.arms] + clips:
                log_rate = -2.5 + (goal + 2.5) * progress + self.noise(0.06, len(progress))
                columns = {
                    "update": np.arange(1, settings.iterations + 1),
                    "episodes": settings.environments * np.arange(1, settings.iterations + 1),
                    "td_error": scale * (0.03 + 0.4 * np.exp(-4 * progress)) * np.exp(self.noise(0.1, len(progress))),
                    "policy_loss": -0.01 * scale**0.3 * np.exp(-2 * progress) + self.noise(0.003, len(progress)),
                    "value_loss": scale**2 * np.exp(-5 * progress) * np.exp(self.noise(0.2, len(progress))) + 1e-3,
                    "eval_accuracy": accuracy(10**log_rate, 20) + self.noise(0.02, len(progress)),
                    "rate": 10**log_rate,
                }
                updates.append(pd.DataFrame(columns).assign(seed=seed, arm=arm))
                charged = {"inner_steps": 20 * settings.environments * settings.iterations, "evaluations": 800}
                last = float(columns["eval_accuracy"][-1])
                for name in (f"ppo_{arm}", f"ppo_{arm}_constant"):
                    runs.append(self.episodic(name, float(10 ** log_rate[-1]), last, seed, **charged))
            fixed = float(accuracy(settings.fixed_rate, 20)) - 0.1
            for length in ("", "_long"):
                runs.append(self.episodic(f"ppo_fixed{length}", settings.fixed_rate, fixed, seed, inner_steps=20))
            runs.append(self.episodic("ppo_untrained", 0.003, fixed, seed, inner_steps=20))
        return {"ppo_updates": pd.concat(updates, ignore_index=True), "ppo_runs": pd.DataFrame(runs)}

    def offline(self) -> dict[str, Frame]:
        """Offline SVG's curves and runs."""
        settings, curves, runs = self.settings.offline, [], []
        count = settings.iterations
        steps = np.arange(1, count + 1)
        evaluated = (steps % settings.evaluate_every == 0) | (steps == count) | (steps == count // 2)
        for seed in self.seeds:
            for unroll in settings.unrolls:
                rate = 10 ** (-3 + (0.9 + self.noise(0.3)) * steps / count * unroll / 10)
                still = 2e-5 * np.exp(self.noise(0.1, count))
                loss = still * (0.75 + 0.4 * np.exp(-steps / 25)) * np.exp(self.noise(0.05, count))
                true = np.where(evaluated, accuracy(rate, 20) + self.noise(0.01, count), np.nan)
                columns = {
                    "iteration": steps,
                    "model_loss": loss,
                    "held_out_loss": np.where(evaluated, loss * 1.1, np.nan),
                    "persistence_loss": still,
                    "value_inferred": 0.62 + self.noise(0.02, count),
                    "value_counterfactual": np.where(evaluated, 0.6, np.nan),
                    "value_mean": np.where(evaluated, 0.55, np.nan),
                    "value_true": true,
                    "rate": rate,
                }
                curves.append(pd.DataFrame(columns).assign(seed=seed, unroll=unroll, top20=0.86 + 0.01 * seed / 5))
                for length in (count // 2, count):
                    quoted = float(columns["value_inferred"][length - 1])
                    name = f"offline_T{unroll:02d}_N{length}"
                    runs.append(self.episodic(name, float(rate[length - 1]), quoted, seed, surrogate_updates=length))
        return {"offline_curves": pd.concat(curves, ignore_index=True), "offline_runs": pd.DataFrame(runs)}

    def trajectories(self) -> Frame:
        """The offline data set's table."""
        count, frames = self.settings.trajectories.count, []
        for seed in self.seeds:
            rates = 10 ** self.random.uniform(-5, -1, count)
            score = accuracy(rates, 20)
            columns = {"trajectory": range(count), "rate": rates, "val_accuracy": score, "mean_accuracy": score * 0.7}
            split = np.where(np.arange(count) % 5 == 0, "held_out", "train")
            frame = pd.DataFrame(columns).assign(split=split, train_loss=1.0, top20=0.86, status="ok", seed=seed)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def toy(self) -> dict[str, Frame]:
        """True rollouts by gradient descent, imitated ones with errors; errors that tell imitation from persistence."""
        settings, rollouts, errors = self.settings.toy, [], []
        for momentum in settings.momenta:
            for seed in self.seeds:
                for start in settings.evaluation_starts:
                    true = descent(start, settings.evaluation_rate, momentum, settings.steps)
                    drift = np.cumsum(self.noise(0.02 + 0.12 * momentum, len(true)))
                    for source, path in (("true", true), ("imitation", true + drift - drift[0])):
                        columns = {"step": range(len(path)), "iterate": path, "loss": toy_loss(path)}
                        label = {"seed": seed, "momentum": momentum, "start": start, "source": source}
                        rollouts.append(pd.DataFrame(columns).assign(**label, rate=settings.evaluation_rate))
                for model, size in (("imitation", 0.05 + momentum), ("persistence", 2.0)):
                    scores = np.exp(self.noise(0.1, 3)) * size * np.array([0.1, 1.0, 1.4])
                    columns = dict(zip(("one_step_rmse", "rollout_rmse", "final_rmse"), scores, strict=True))
                    errors.append({"seed": seed, "momentum": momentum, "model": model, "trajectories": 80, **columns})
        return {"toy_rollouts": pd.concat(rollouts, ignore_index=True), "toy_errors": pd.DataFrame(errors)}

    def runtimes(self) -> Frame:
        """Seconds of every online method, and of the pieces of the long searches (one repeat each)."""
        rows = []
        for method in ("grid", "random", "adaptive", *bandits(self.settings)):
            slow = 3.2 if method == "adaptive" else 0.4 + 0.028 * warm_up(method)
            for repeat in range(1, self.settings.runtimes.repeats + 1):
                seconds = slow * float(np.exp(self.noise(0.05)))
                rows.append((method, "whole", repeat, seconds, 100, 1.0))
        return pd.DataFrame([*rows, *timed_pieces(self.settings)], columns=[column.name for column in RUNTIMES.columns])

    def shortlist(self) -> Frame:
        """Three inner protocols at the thesis's rows."""
        frames = []
        for optimizer, batch, slower in (("adam", "512", 1.0), ("adam", "128", 3.0), ("sgd", "512", 60.0)):
            parts = {"optimizer": optimizer, "batch_size": batch, "initialisation": "he_uniform", "activation": "elu"}
            parts |= {"scaling": "unit", "length": "100"}
            for seed in self.seeds:
                for row, one in enumerate(PROTOCOL_ROWS):
                    score = float(np.clip(accuracy(one.rate / slower, 100) + self.noise(0.006), 0, 1))
                    label = {"candidate": "-".join(parts.values()), **parts, "seed": seed, "row": row}
                    found = {"source": one.source, "rate": one.rate, "val_accuracy": score, "status": "ok"}
                    frames.append({**label, **found, "thesis_accuracy": one.accuracy, "steps": 100})
        return pd.DataFrame(frames)


def timed_pieces(settings: Settings) -> list[tuple[str, str, int, float, int, float]]:
    """Rows of ``runtimes`` that Fig. 4.11 does not show."""
    wholes = {"adaptive_untrained": 0.5, "adaptive_frozen": 1.6, "hypergradient": 1.2, "evaluation": 0.01}
    bo, offline, ppo = settings.baselines, settings.offline, settings.ppo
    pieces: list[tuple[str, str, float, float]] = [(method, "whole", slow, 1) for method, slow in wholes.items()]
    pieces += [("bo", "drawn evaluation", 0.05, bo.bo_initial), ("bo", "guided evaluation", 0.2, bo.bo_iterations)]
    pieces += [("offline", "trajectory", 0.08, settings.trajectories.count)]
    pieces += [(f"offline_T{unroll:02d}", "iteration", 0.01 * unroll, offline.iterations) for unroll in offline.unrolls]
    pieces += [(f"ppo_{arm}", "update", 0.3, ppo.iterations) for arm in ppo.arms]
    return [(method, part, 1, seconds, 100, float(factor)) for method, part, seconds, factor in pieces]


def toy_loss(x: Any) -> Any:
    """Metz 2021."""
    return np.log(x**2 + 1 + np.sin(3 * x)) + 1.5


def descent(start: float, rate: float, momentum: float, steps: int) -> np.ndarray:
    """Gradient descent with momentum on the toy loss, ``[steps + 1]``."""
    x, velocity, path = start, 0.0, [start]
    for _ in range(steps):
        velocity = momentum * velocity + (2 * x + 3 * np.cos(3 * x)) / (x**2 + 1 + np.sin(3 * x))
        x -= rate * velocity
        path.append(x)
    return np.array(path)


def drop(folder: Path, table: str, rows: Sequence[int]) -> None:
    """Take rows out of a table of a run."""
    path = folder / "tables" / f"{table}.parquet"
    pd.read_parquet(path).drop(index=list(rows)).to_parquet(path, index=False)
    keep_record(path)
