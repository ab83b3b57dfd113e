"""What the comparison runs on: the peers, made in a folder that git ignores, our own bench, and the machine."""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOUSE = HERE.parent.parent

OURS = ("tape", "by_hand")
PEERS = ("pytorch", "jax", "candle", "burn")


def variants(peer, workload, every):
    """The ways of a peer that are tried; the best one counts.

    Without `every`, only those that have been best somewhere, by more than the noise. To unroll JAX's scan pays for Elman's
    network alone; PyTorch's compiled loop pays for a cell that it has no module for, and takes minutes to be compiled. (2000
    steps of it take longer than anybody waits.)
    """
    elman, own = workload.cell == "elman", workload.cell == "mgu"
    if peer == "jax":
        return ["scan"] + ["unrolled"] * (every or elman) + ["inside"] * every
    if peer != "pytorch":
        return ["cells"]
    found = ["loop", "hoisted"] if own else ["module"] + ["loop"] * every
    return found + ["compiled"] * bool((every or own) and workload.steps <= 1000 and shutil.which("g++"))


@dataclass
class Environment:
    folder: Path

    @property
    def python(self):
        return self.folder / "venv/bin/python"

    @property
    def rust(self):
        return self.folder / "target/release/rust-peers"

    def make(self, peers):
        """Makes what is not there yet. Cargo looks for itself whether something is to be built."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if {"pytorch", "jax"} & set(peers) and not self.python.exists():
            run(sys.executable, "-m", "venv", self.folder / "venv")
            run(self.python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt")
        if {"candle", "burn"} & set(peers):
            run("cargo", "build", "--release", "--manifest-path", HERE / "rust_peers/Cargo.toml",
                "--target-dir", self.folder / "target")

    def command(self, peer, workload, variant, threads):
        if peer in ("candle", "burn"):
            return [self.rust, peer, workload]
        return [self.python, HERE / f"{peer}_step.py", workload, variant, str(threads)]

    def settings(self, threads):
        """The environment of every process that is timed."""
        pools = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
        # What was compiled once is kept: it is steps that are timed.
        own = {"TORCHINDUCTOR_CACHE_DIR": str(self.folder / "inductor"), "PYTHONDONTWRITEBYTECODE": "1",
               "JAX_COMPILATION_CACHE_DIR": str(self.folder / "jax")}
        return os.environ | dict.fromkeys(pools, str(threads)) | own


def run(*command):
    print("+", *command, file=sys.stderr)
    subprocess.run(command, check=True, stdout=sys.stderr)


def our_bench():
    """Builds our bench as `cargo bench` would run it, and returns where it is."""
    command = ("cargo", "bench", "-p", "bptt-rnn", "--bench", "gradient_step", "--no-run", "--message-format=json")
    print("+", *command, file=sys.stderr)
    lines = subprocess.run(command, cwd=HOUSE, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    made = (json.loads(line) for line in lines if line.startswith("{"))
    return next(m["executable"] for m in made if m.get("executable") and m["target"]["name"] == "gradient_step")


def keep_to(cores):
    """Lets this process, and what it starts, use so many cores only."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def machine():
    """Name, cores and the widest vectors of the processor."""
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    flags = fields.get("flags", "").split()
    widest = next((name for name in ("avx512f", "avx2", "avx", "sse2") if name in flags), platform.machine())
    name = " ".join(fields.get("model name", platform.machine()).replace("(R)", "").replace("(TM)", "").split())
    rustc = subprocess.run(("rustc", "--version"), capture_output=True, text=True).stdout.split()
    return {"processor": name, "cores": len(os.sched_getaffinity(0)), "vectors": widest, "rustc": rustc[1] if rustc else "?"}
