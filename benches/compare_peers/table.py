"""The tables of `docs/performance.md`, between two marks that are invisible on the page."""

from results import NAMES

BEGIN, END = "<!-- written by benches/compare_peers: begin -->", "<!-- end -->"
HEAD = """\
| workload | tape, ms | tape / by hand | GFLOP/s | best peer | its ms | peer / tape | least | the others / tape | MiB, tape | PyTorch |
|---|---|---|---|---|---|---|---|---|---|---|"""


def page(text, machine, rows, names):
    """The page with its tables written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = [facts(machine, rows)]
    for threads in sorted({row.threads for row in rows}):
        lines = sorted((row for row in rows if row.threads == threads), key=lambda row: names.index(row.workload))
        tables.append(f"{'One thread' if threads == 1 else f'{threads} threads'}:\n\n{HEAD}\n" + "\n".join(map(line, lines)))
    return before + BEGIN + "\n" + "\n\n".join(tables) + "\n" + END + after


def facts(machine, rows):
    versions = {entry.who: entry.facts["version"] for row in rows for entry in row.best.values()}
    peers = ", ".join(f"{NAMES[who]} {version.partition('+')[0]}" for who, version in versions.items())
    vectors = {"avx512f": "AVX-512", "avx2": "AVX2"}.get(machine["vectors"], machine["vectors"])
    return (f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, {vectors}, rustc {machine['rustc']}; {peers}. "
            "In brackets the least time of all steps.")


def line(row):
    tape, rival, torch, by_hand = row.tape, row.rival, row.best.get("pytorch"), row.ours.get("by_hand")
    cells = [row.workload]
    cells += [times(tape), figure(by_hand and tape and tape.median / by_hand.median)]
    cells += [f"{tape.facts['flops'] / tape.median / 1e9:.1f}" if tape else "–"]
    cells += [f"{NAMES[rival.who]}, {rival.variant}" if rival else "–", times(rival)]
    cells += [figure(rival and tape and rival.median / tape.median), figure(rival and tape and rival.least / tape.least)]
    others = [entry for entry in row.best.values() if tape and entry is not rival]
    cells += [", ".join(f"{NAMES[entry.who]} {entry.median / tape.median:.2f}" for entry in others) or "–"]
    cells += [memory(tape), memory(torch)]
    return "| " + " | ".join(cells) + " |"


def times(entry):
    return f"{digits(entry.median * 1e3)} [{digits(entry.least * 1e3)}]" if entry else "–"


def figure(ratio):
    return f"{ratio:.2f}" if ratio else "–"


def memory(entry):
    return f"{entry.facts['step_rss_mib']:.1f}" if entry else "–"


def digits(number):
    """Three that count."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def plain(row):
    """One line for the terminal."""
    shown = [row.ours.get("tape"), row.ours.get("by_hand"), *row.best.values()]
    parts = [f"{entry.who} {entry.variant} {times(entry)}" for entry in shown if entry]
    return f"{row.workload:16} {row.threads}  " + "   ".join(parts)
