"""Figure 4.2: PPO with sparse and dense rewards."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypersvg import thesis
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import t_interval
from hypersvg.exhibits.names import ARM_COLOURS
from hypersvg.exhibits.style import band, house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.results import Levels, Results, plural

PANELS = {
    "td_error": ("TD error", "mean |δ|", True),
    "policy_loss": ("policy loss", "clipped objective, negated", False),
    "value_loss": ("value loss", "squared error", True),
    "eval_accuracy": ("evaluation", "validation accuracy\nat the last step", False),
    "rate": ("mean learning rate", "learning rate", True),
}
KEYS = ("panel", "arm", "seed", "episodes")


def fig_4_02(results: Results) -> Exhibit:
    """Five panels for the three arms, the fixed rate in the evaluation panel."""
    settings = results.settings.ppo
    levels: Levels = {"seed": results.seeds, "arm": settings.arms, "update": list(range(1, settings.iterations + 1))}
    updates = results.complete("ppo_updates", levels)
    fixed = results.complete("ppo_runs", {"seed": results.seeds, "method": ["ppo_fixed"]})
    runs = results.complete("ppo_runs", {"seed": results.seeds, "method": [f"ppo_{arm}" for arm in settings.arms]})
    reference = float(fixed.val_accuracy.mean())
    with house_style():
        figure = drawn(results, updates, reference)
    return Exhibit("fig_4_02", "Fig. 4.2.", long_frame(updates, fixed), KEYS, described(results, runs, fixed), figure)


def long_frame(updates: pd.DataFrame, fixed: pd.DataFrame) -> pd.DataFrame:
    """A row a drawn point; the fixed rate has no episodes."""
    melted = updates.melt(["arm", "seed", "episodes"], list(PANELS), var_name="panel", value_name="value")
    line = pd.DataFrame({"panel": "eval_accuracy", "arm": "fixed", "seed": fixed.seed, "value": fixed.val_accuracy})
    return pd.concat([melted, line], ignore_index=True).astype({"episodes": "Int64"})


def drawn(results: Results, updates: pd.DataFrame, reference: float) -> Figure:
    """The five panels; the sixth place says what the thesis did otherwise."""
    settings = results.settings.ppo
    figure = new_figure(results, 4.5)
    *axes, note = figure.subplots(2, 3).flatten()
    for ax, (column, (_, unit, logarithmic)) in zip(axes, PANELS.items(), strict=True):
        for arm in settings.arms:
            band(ax, updates[updates.arm == arm], "episodes", column, ARM_COLOURS[arm], label=arm.replace("_", "-"))
        ax.set(ylabel=unit, xlabel=f"{settings.steps}-step inner trainings")
        if logarithmic:
            log_axis(ax)
    axes[3].axhline(reference, color="0.3", linestyle="--", label=f"fixed rate {settings.fixed_rate:g}")
    axes[3].set_ylim(0, 1)
    axes[4].axhline(settings.fixed_rate, color="0.3", linestyle="--")
    letter(axes, [title for title, _, _ in PANELS.values()])
    legend_below(figure, axes[3].get_legend_handles_labels()[0], len(settings.arms) + 1)
    explain(note, results)
    return figure


def explain(note: Axes, results: Results) -> None:
    """Network widths and bands, in the empty place."""
    note.axis("off")
    widths = ", ".join(str(width) for width in results.settings.ppo.hidden)
    text = (
        f"policy and value networks:\nTanh, hidden ({widths})\n(thesis: 512, 64, 64)\n\n"
        f"line: mean, band: smallest\nto largest of {plural(len(results.seeds), 'seed')}"
    )
    note.text(0.0, 0.95, text, transform=note.transAxes, fontsize=7.5, color="0.25", va="top", linespacing=1.3)


def described(results: Results, runs: pd.DataFrame, fixed: pd.DataFrame) -> str:
    """The caption, with the accuracies of fresh trainings."""
    settings = results.settings.ppo
    reached = "; ".join(
        f"{arm.replace('_', '-')} {t_interval(runs.loc[runs.method == f'ppo_{arm}', 'val_accuracy']).percent()} %"
        for arm in settings.arms
    )
    return (
        f"PPO choosing the learning rate of {settings.steps}-step inner trainings. sparse-once: one decision is a "
        "whole "
        "training, rewarded at its end; sparse-every: a decision each step, zero reward until the last (Algorithm 3); "
        "dense: a decision and a reward each step. (a) Temporal-difference error, the mean over the update's "
        "rollout of "
        "|r + γ(1 − done)V(s') − V(s)|; (b) PPO's clipped policy loss; (c) squared error of the value network; (d) "
        f"validation accuracy at step {settings.steps} of the mean policy from unseen initial parameters; (e) mean "
        "learning rate of those evaluation episodes. Rewards of the arms differ in scale, so (a)–(c) compare no "
        "arms; (d) "
        f"does. Lines: mean, bands: smallest to largest of {plural(len(results.seeds), 'seed')}. Validation "
        "accuracy at the "
        f"end, re-evaluated on fresh seeds (mean ± 95 % t-interval): {reached}; the fixed rate {settings.fixed_rate:g} "
        f"{t_interval(fixed.val_accuracy).percent()} %. "
        f"Thesis: PPO around {100 * thesis.PPO_ACCURACY:.0f} %, the fixed rate around "
        f"{100 * thesis.FIXED_ACCURACY:.0f} %."
    )
