"""What was found, on file: one line about the machine, then one for each workload and number of threads.

A run that was only a part replaces its own lines. Of another machine nothing is kept: times from two machines do not stand
in one table.
"""

import json
import statistics
from dataclasses import dataclass, field

NAMES = {"pytorch": "PyTorch", "jax": "JAX", "candle": "candle", "burn": "burn"}

def read(path):
    """The machine, and all other lines."""
    if not path.exists():
        return {}, []
    machine, *lines = map(json.loads, path.read_text().splitlines())
    return machine, lines


def merge(path, machine, record):
    """Writes a line in the place of the one before it."""
    before, lines = read(path)
    same = before | {"date": machine["date"]} == machine
    kept = {(line["workload"], line["threads"]): line for line in lines if same}
    kept[record["workload"], record["threads"]] = record
    path.write_text("".join(json.dumps(line) + "\n" for line in [machine, *kept.values()]))


@dataclass
class Entry:
    """One contestant's times: the median over the rounds, and the least of all steps."""

    who: str
    variant: str
    median: float
    least: float
    facts: dict


@dataclass
class Row:
    """One workload with so many threads."""

    workload: str
    threads: int
    ours: dict = field(default_factory=dict)  # by variant
    best: dict = field(default_factory=dict)  # a peer's best variant, by peer

    @property
    def tape(self):
        return self.ours.get("tape")

    @property
    def rival(self):
        """The best of all peers."""
        return min(self.best.values(), key=lambda entry: entry.median, default=None)


def row(record):
    made = Row(record["workload"], record["threads"])
    for line in record["contestants"]:
        if not line.get("medians_s"):
            continue
        entry = Entry(line["who"], line["variant"], statistics.median(line["medians_s"]), min(line["mins_s"]), line)
        if entry.who == "ours":
            made.ours[entry.variant] = entry
        elif entry.who not in made.best or entry.median < made.best[entry.who].median:
            made.best[entry.who] = entry
    return made
