"""The scale `micro`: a real run far below `smoke`, for tests that drive whole Snakemake runs.

Its numbers mean nothing. Two seeds, since the intervals of the claims need more than one; images and the offline data
set are above 1 MB, where Snakemake treats inputs differently. Every job costs some seconds of start-up: ask for a part
(`toy`, `offline`, `fig_4_01`) where a part will do.
"""

import shutil

from checkout import ROOT, Checkout

SCALE = """\
run: {seeds: 2, seed_block: 2, fresh_seeds: 1}
data: {source: digits, curve_images: 20}
inner: {hidden: [4], batch_size: 16}
toy: {hidden: [4], trajectories: 10, steps: 5, updates: 5, batch_size: 16, evaluation_starts: [7.0]}
trajectories: {count: 5, steps: 20}
ppo:
  {arms: [sparse_once], other_clips: [], hidden: [4], environments: 2, iterations: 2, epochs: 1, steps: 4,
   long_steps: 4}
svg: {width: 4}
offline:
  {unrolls: [5], iterations: 4, batch_trajectories: 2, evaluate_every: 1, probed: 1, probe_rates: 3, probe_draws: 2}
online: {steps: 50, bad_grid: [-1, -5, 2], good_grid: [-1, -3, 2]}
baselines: {random_draws: 2, bo_initial: 2, bo_iterations: 2, bo_steps: 4, fine_grid: 3}
runtimes: {repeats: 1, steps: 4}
"""
ESTIMATE = "micro: {fixed: 1, per_seed: 0.1}\n"


def write_micro(checkout: Checkout) -> None:
    """Add the scale to a checkout, with the estimate that preflight demands, and the real notebooks.

    Ask for it with ``scale=micro``.
    """
    config = checkout.folder / "config"
    (config / "scales" / "micro.yaml").write_text(SCALE, encoding="utf-8")
    with (config / "estimates.yaml").open("a", encoding="utf-8") as estimates:
        estimates.write(ESTIMATE)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, checkout.folder / "notebooks")
