"""What the numbers of 20 steps can share: a protocol, a reported quantity, or only the optimizer, batch and pixels."""

from dataclasses import asdict
from itertools import combinations

import pandas as pd

from hypersvg.experiments.identification.twenty_steps import NETWORKS, NUMBERS, QUANTITIES

SHARED = {
    "same": ["protocol", "kind"],
    "protocol": ["protocol"],
    "training": ["optimizer", "batch_size", "scaling"],
}
"""What a pair of numbers may have in common: protocol and quantity; the protocol; or optimizer, batch and pixels, where
each number's network is the one that Table 4.3 gives its experiment."""


def pairs(frame: pd.DataFrame) -> list[dict[str, object]]:
    """For every pair of numbers and each way of sharing: what neither rejects, the likeliest, and its cost."""
    return [
        {"first": one, "second": two, **{way: sharing(frame, (one, two), way) for way in SHARED}}
        for one, two in combinations([number.name for number in NUMBERS], 2)
    ]


def sharing(frame: pd.DataFrame, names: tuple[str, str], way: str) -> dict[str, object]:
    """How many values of the shared columns neither number rejects, the likeliest of these, and the cost [nats].

    The cost is the joint log probability that is lost against each number's own likeliest (protocol, quantity).
    """
    columns, parts = SHARED[way], [reported(frame[frame["number"] == name]) for name in names]
    alone = sum(float(part["log_probability"].max()) for part in parts)
    if way == "training":
        parts = [own_network(part) for part in parts]
    kept = [part[part["not_rejected"]] for part in parts]
    best = [part.sort_values("log_probability").drop_duplicates(columns, keep="last") for part in kept]
    both = best[0].merge(best[1], on=columns, suffixes=("", "_other"))
    if both.empty:
        return {"count": 0, "likeliest": None, "quantities": [], "cost": None}
    joint = both["log_probability"] + both["log_probability_other"]
    top = both.iloc[int(joint.to_numpy().argmax())]
    likeliest = " ".join(str(top[column]) for column in columns if column != "kind")
    quantities = [top["quantity"], top["quantity_other"]]
    return {"count": len(both), "likeliest": likeliest, "quantities": quantities, "cost": alone - float(joint.max())}


def reported(frame: pd.DataFrame) -> pd.DataFrame:
    """With the ``kind`` of quantity: the best of 200 is the best of 200 last validation accuracies."""
    return frame.assign(kind=frame["quantity"].replace("best of 200", "last validation"))


def together(frame: pd.DataFrame) -> dict[str, list[str]]:
    """What all numbers can share, by way; a protocol or training whatever each number reports."""
    found = {}
    for way, columns in SHARED.items():
        rows = reported(own_network(frame) if way == "training" else frame)
        counts = rows[rows["not_rejected"]].groupby(columns)["number"].nunique()
        names = counts[counts == len(NUMBERS)].index
        found[way] = [name if isinstance(name, str) else " ".join(map(str, name)) for name in names]
    return found


def own_network(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows whose network is the one that Table 4.3 gives the number's experiment."""
    wanted = frame["network"].map(NETWORKS)
    own = zip(frame["initialisation"], frame["activation"], strict=True)
    return frame[[one == two for one, two in zip(wanted, own, strict=True)]]


def explained(frame: pd.DataFrame) -> list[dict[str, object]]:
    """How many (protocol, quantity) pairs each number leaves, by quantity, and the likeliest."""
    rows = []
    for number in NUMBERS:
        part = frame[frame["number"] == number.name]
        kept = part[part["not_rejected"]]
        best = part.iloc[int(part["log_probability"].to_numpy().argmax())]
        counts = kept.groupby("quantity").size()
        likeliest = {key: best[key] for key in ("protocol", "quantity", "mean", "sd", "p", "log_probability")}
        rows.append(
            {
                **asdict(number),
                "not_rejected": len(kept),
                "by_quantity": {name: int(counts.get(name, 0)) for name in QUANTITIES},
                "likeliest": likeliest,
            }
        )
    return rows
