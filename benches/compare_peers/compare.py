#!/usr/bin/env python3
"""Gradient steps of ours and of its peers, timed in turns: see README.md.

    python3 benches/compare_peers/compare.py [--workload W ..] [--threads 1 2] [--only ours,pytorch,jax,candle,burn]
                                             [--rounds 2] [--seconds 0.6] [--patience 400] [--every-variant] [--env DIR] [--write] [--draw]
"""

import argparse
import datetime
import sys
import time
from pathlib import Path

import chart
import contest
import environment
import results
import table
from environment import HERE, HOUSE
from workloads import WORKLOADS

EVERYBODY = ("ours", *environment.PEERS)
RESULTS = HERE / "results.jsonl"


def options():
    parser = argparse.ArgumentParser(description="Time gradient steps of bptt and its peers, in turns.")
    parser.add_argument("--workload", nargs="+", default=list(WORKLOADS), choices=list(WORKLOADS), metavar="W")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--only", default=",".join(EVERYBODY), metavar="WHO,..", help=f"of {', '.join(EVERYBODY)}")
    parser.add_argument("--rounds", type=int, default=2, help="how often everybody has a turn; 0 only lets them compile")
    parser.add_argument("--seconds", type=float, default=0.6, help="a peer's turn (ours takes its own 3)")
    parser.add_argument("--env", type=Path, default=HERE / "made", metavar="DIR", help="where the peers are, or are made")
    parser.add_argument("--patience", type=float, default=400, metavar="SECONDS", help="for a peer to get ready, compilation included")
    parser.add_argument("--every-variant", action="store_true", help="those that have never been best, too; minutes to compile for each")
    parser.add_argument("--write", action="store_true", help="write page, chart and results even if not everybody takes part")
    parser.add_argument("--draw", action="store_true", help="time nothing: write page and chart from the file of results")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",")
    if strangers := set(chosen.only) - set(EVERYBODY):
        parser.error(f"who is {', '.join(strangers)}?")
    chosen.write = chosen.rounds > 0 and (chosen.write or set(chosen.only) == set(EVERYBODY))
    return chosen


def main():
    chosen = options()
    if not chosen.draw:
        hold(chosen)
    if chosen.draw or chosen.write:
        machine, lines = results.read(RESULTS)
        rows = [results.row(line) for line in lines]
        page = HOUSE / "docs/performance.md"
        page.write_text(table.page(page.read_text(), machine, rows, list(WORKLOADS)))
        (HOUSE / "docs/peers.svg").write_text(chart.svg(rows, list(WORKLOADS)))


def hold(chosen):
    """All contests that were asked for. What is found is on file as soon as it is found."""
    env = environment.Environment(chosen.env.resolve())
    env.make(chosen.only)
    bench = environment.our_bench() if "ours" in chosen.only else None
    machine = {"date": datetime.date.today().isoformat(), **environment.machine()}
    begun = time.monotonic()
    with open(env.folder / "log", "w") as log:
        for name in chosen.workload:
            for threads in chosen.threads:
                record = contest.hold(WORKLOADS[name], threads, chosen, bench, env, log)
                print(f"{time.monotonic() - begun:4.0f} s  {table.plain(results.row(record))}", flush=True)
                if chosen.write:
                    results.merge(RESULTS, machine, record)
    if not chosen.write:
        print("results.jsonl, page and chart are as they were", file=sys.stderr)


if __name__ == "__main__":
    main()
