"""The short list of inner protocols, trained again on the run's seeds at the rates of the thesis's 14 rows.

``make identify`` chose the candidates; they are fixed in ``config/shortlist.yaml`` and do not depend on the run's own
inner settings. Minibatches larger than a stand-in's training set are full batches of it.
"""

import numpy as np
import pandas as pd

from hypersvg.experiments.common import resolved_device
from hypersvg.experiments.identification import shortlist_file
from hypersvg.experiments.identification.candidates import Candidate, described
from hypersvg.experiments.identification.trials import readings
from hypersvg.experiments.job import Job, Tables
from hypersvg.images import Images, load_images
from hypersvg.progress import bar
from hypersvg.thesis import PROTOCOL_ROWS


def run(job: Job) -> Tables:
    """The table ``shortlist``."""
    candidates = shortlist_file.read(shortlist_file.PATH)
    data = {one.scaling: images_of(job, one.scaling) for one in candidates}
    frames = []
    with bar(len(candidates), "shortlist", "candidate") as tick:
        for one in candidates:
            frames.append(trained(one, data[one.scaling], job.seeds))
            tick()
    return {"shortlist": pd.concat(frames, ignore_index=True)}


def images_of(job: Job, scaling: str) -> Images:
    """The run's images, scaled as a candidate wants them."""
    return load_images(job.images_file, scaling, resolved_device(job.settings), job.settings.data.validation)


def trained(candidate: Candidate, images: Images, seeds: tuple[int, ...]) -> pd.DataFrame:
    """One row a seed and row of the thesis."""
    steps = candidate.steps(len(images.train.labels))
    found = readings(candidate, images, (steps,), seeds, [row.rate for row in PROTOCOL_ROWS])
    count = len(PROTOCOL_ROWS)
    return pd.DataFrame(
        {
            **described(candidate),
            "seed": np.repeat(seeds, count),
            "row": np.tile(np.arange(count), len(seeds)),
            "source": [row.source for row in PROTOCOL_ROWS] * len(seeds),
            "rate": [row.rate for row in PROTOCOL_ROWS] * len(seeds),
            "val_accuracy": found.accuracy[0].flatten(),
            "thesis_accuracy": [row.accuracy for row in PROTOCOL_ROWS] * len(seeds),
            "steps": steps,
            "status": np.where(found.alive[0].flatten(), "ok", "diverged"),
        }
    )
