"""The part of the report about the numbers after 20 steps."""

from collections.abc import Sequence

from hypersvg.experiments.identification.printing import Content, listed, nats, percent, table


def short_numbers(content: Content) -> str:
    """The numbers of 20 steps and what they can share."""
    short = content["twenty_steps"]
    quantities = "\n".join(f"- {name}: {meaning}" for name, meaning in short["quantities"].items())
    text = (
        f"{short['protocols']} protocols, {short['seeds']} seeds, {short['steps']} steps. The first table counts the "
        f"protocols under which a number is not rejected at level {content['level']:g} as each quantity; ± is the "
        "rounding allowed. The second counts what both numbers of a pair leave (protocol and quantity; the "
        "protocol, whatever was reported; optimizer, batch and pixels on Table 4.3's network of each), and the "
        "nats that sharing costs against each number's own likeliest explanation: a quantity that scatters "
        "widely is not rejected, but dear."
    )
    rows = [short_row(one) for one in short["numbers"]]
    pairs = [{"numbers": f"{one['first']} / {one['second']}", **pair_cells(one)} for one in short["pairs"]]
    cannot = apart(short, content["near_distance"])
    return f"## The numbers after 20 steps\n\n{text}\n\n{quantities}\n\n{table(rows)}\n\n{table(pairs)}\n\n{cannot}"


def short_row(one: Content) -> dict[str, str]:
    """A number of 20 steps."""
    best = one["likeliest"]
    return {
        "number": one["name"],
        "accuracy": f"{percent(one['accuracy'])} ± {percent(one['tolerance'], 3)}",
        "rate": f"{one['rate']:g}",
        **{name: str(count) for name, count in one["by_quantity"].items()},
        "likeliest": f"`{best['protocol']}`, {best['quantity']}: {percent(best['mean'])} ± {percent(best['sd'])}",
    }


SHARING = {
    "same": "one protocol and quantity",
    "protocol": "one protocol, whatever each reports",
    "training": "one optimizer, batch and pixels on Table 4.3's networks, whatever each reports",
}
SHOWN = 6
"""Most names that are listed."""
WAYS = {"same": "protocol and quantity", "protocol": "protocol", "training": "optimizer, batch, pixels"}


def pair_cells(one: Content) -> dict[str, str]:
    """What a pair can share."""
    return {name: shared(one[way]) for way, name in WAYS.items()}


def shared(one: Content) -> str:
    """Count, likeliest, what it reports for each number, and cost."""
    if not one["count"]:
        return "none"
    reported = " / ".join(dict.fromkeys(one["quantities"]))
    return f"{one['count']}: `{one['likeliest']}`, {reported} ({nats(one['cost'])} nats)"


def apart(short: Content, near: float) -> str:
    """Plainly: which pairs cannot share a protocol, by the test or by a cost of more than log 100."""

    def pairs(way: str, holds: bool) -> list[Content]:
        return [one for one in short["pairs"] if (one[way]["count"] > 0 and one[way]["cost"] <= near) is holds]

    never = [one for one in pairs("protocol", False) if one in pairs("training", False)]
    split = [one for one in pairs("protocol", True) if one in pairs("same", False)]
    networks = [one for one in pairs("protocol", False) if one in pairs("training", True)]
    sentences = [
        sentence(
            f"cannot share a protocol, whatever was reported (nothing left, or dearer than {nats(near)} nats)", never
        ),
        sentence("can share optimizer, batch and pixels on Table 4.3's two networks, but not one network", networks),
        sentence("can share a protocol only if different quantities were reported", split),
        sentence("can share protocol and quantity", pairs("same", True)),
    ]
    all_of_them = [
        f"{SHARING[way]}: {listed(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''}"
        for way, names in short["together"].items()
    ]
    sentences.append(f"All numbers together are left by {'; '.join(all_of_them)}.")
    return "\n".join(f"- {one}" for one in sentences)


def sentence(words: str, pairs: Sequence[Content]) -> str:
    """Pairs of numbers and what holds for them."""
    named_pairs = ", ".join(f"{one['first']} with {one['second']}" for one in pairs)
    return f"Pairs that {words}: {named_pairs or 'none'}."
