"""A peer's process: it gets a step ready, says what the step computed, and times it whenever it is asked to.

Every peer waits in a process of its own while the others are timed. The conversation is in lines: first the worker writes
one JSON object about its first step; then, for each number of seconds that it reads, one about the steps it made in them.
It ends with its input. (`rust_peers/src/worker.rs` says the same in Rust.)
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

LEAST_STEPS, MOST_STEPS = 3, 5000
WARM_UP = 0.1


def serve(version, loss_and_gradients, first_step, step):
    """`first_step` and `step` are called without arguments and return when all is computed; `loss_and_gradients` tells
    what the last one found."""
    setup = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # a new peak, or the steps would hide below that of the imports
    started = time.perf_counter()
    first_step()
    first = time.perf_counter() - started
    loss, gradients = loss_and_gradients()
    norm = float(np.sqrt(sum(np.square(np.asarray(g, dtype=float)).sum() for g in gradients)))
    del gradients
    for _ in range(3):
        step()
    say(version=version, loss=loss, grad_norm=norm, first_step_s=first, setup_rss_mib=setup,
        step_rss_mib=resident("VmHWM") - setup)
    for line in sys.stdin:
        say(**timed(step, float(line)))


def timed(step, seconds):
    """Steps for so many seconds, after some that are not counted: others had the caches."""
    def one():
        started = time.perf_counter()
        step()
        return time.perf_counter() - started

    until = time.perf_counter() + min(WARM_UP, seconds / 4)
    one()
    while time.perf_counter() < until:
        one()
    times, wall, processor = [], time.perf_counter(), time.process_time()
    while len(times) < LEAST_STEPS or (time.perf_counter() - wall < seconds and len(times) < MOST_STEPS):
        times.append(one())
    cores = (time.process_time() - processor) / (time.perf_counter() - wall)
    return {"median_s": statistics.median(times), "min_s": min(times), "steps": len(times), "cores_used": cores}


def resident(field):
    """Resident memory in MiB: `VmRSS` now, `VmHWM` at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def say(**what):
    print(json.dumps(what), flush=True)
