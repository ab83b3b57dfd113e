"""One workload, one number of threads: everybody gets ready, is checked, and is timed in turns.

Peers wait in processes of their own and are asked for some seconds of steps in each round; our bench is a process for each
round. A peer whose loss or gradient is not the expected one is not timed.
"""

import json
import select
import subprocess
import sys
import time

import environment

LONGEST = 300.0  # seconds for one turn


class Contestant:
    """One variant of one library, and what was found of it."""

    def __init__(self, who, variant):
        self.who, self.variant = who, variant
        self.facts, self.medians, self.mins, self.absent = {}, [], [], None

    def took(self, answer):
        self.medians.append(answer["median_s"])
        self.mins.append(answer["min_s"])

    def line(self):
        found = {"who": self.who, "variant": self.variant}
        if self.absent:
            return found | {"absent": self.absent}
        return found | self.facts | {"medians_s": self.medians, "mins_s": self.mins}


class Ours(Contestant):
    """Our bench, which checks itself, and is started for each round."""

    def __init__(self, bench, variant):
        super().__init__("ours", variant)
        self.bench = bench

    def time(self, workload, threads, env, _seconds):
        command = [self.bench, "--json", "--workload", workload.name, "--variant", self.variant, "--threads", str(threads)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LONGEST,
                              preexec_fn=lambda: environment.keep_to(threads))
        if done.returncode != 0:
            self.absent = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
            return
        answer = json.loads(done.stdout)
        kept = ("version", "loss", "grad_norm", "flops", "setup_rss_mib", "step_rss_mib")
        self.facts = self.facts or {key: answer[key] for key in kept}
        self.took(answer)


class Peer(Contestant):
    """A peer's process, waiting."""

    def start(self, env, command, threads, log):
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                        text=True, bufsize=1, preexec_fn=lambda: environment.keep_to(threads))

    def answer(self, until):
        """The next line, or None and the reason in `absent`."""
        if not select.select([self.process.stdout], [], [], max(until - time.monotonic(), 0))[0]:
            self.absent = "no answer in time"
            return None
        line = self.process.stdout.readline()
        if not line.startswith("{"):
            self.absent = "ended, see the log"
            return None
        return json.loads(line)

    def get_ready(self, workload, until):
        self.facts = self.answer(until) or {}
        if self.facts and workload.wrong(self.facts["loss"], self.facts["grad_norm"]):
            self.absent = f"loss and gradient are {self.facts['loss']}, {self.facts['grad_norm']}: not timed"
        if self.absent:
            self.process.kill()  # nobody is to compile while others are timed

    def time(self, _workload, _threads, _env, seconds):
        print(seconds, file=self.process.stdin)
        if answer := self.answer(time.monotonic() + LONGEST):
            self.took(answer)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def hold(workload, threads, chosen, bench, env, log):
    """The whole contest: a record of all that took part."""
    settings = env.settings(threads)
    ours = [Ours(bench, variant) for variant in environment.OURS if "ours" in chosen.only]
    peers = [Peer(name, variant) for name in environment.PEERS if name in chosen.only
             for variant in environment.variants(name, workload, chosen.every_variant)]
    try:
        for peer in peers:
            peer.start(settings, env.command(peer.who, workload.name, peer.variant, threads), threads, log)
        until = time.monotonic() + chosen.patience
        for peer in peers:
            peer.get_ready(workload, until)
        for turn in range(chosen.rounds):
            for one in [*ours, *peers]:
                # What is written by hand is no contestant, only a mark: once is enough.
                if not one.absent and (turn == 0 or one.variant != "by_hand"):
                    one.time(workload, threads, settings, chosen.seconds)
    finally:
        for peer in peers:
            peer.stop()
    for one in [*ours, *peers]:
        if one.absent:
            print(f"{workload.name}, {threads}: {one.who} {one.variant}: {one.absent}", file=sys.stderr)
    return {"workload": workload.name, "threads": threads, "seconds": chosen.seconds,
            "contestants": [one.line() for one in [*ours, *peers]]}
