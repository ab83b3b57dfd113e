"""A chart: how many times as long as our tape each peer takes, one line for each workload, on a logarithmic scale."""

import math

from results import NAMES

COLOURS = {"pytorch": "#c44e1c", "jax": "#2b6cb0", "candle": "#8a5cb8", "burn": "#2e8b57"}
LEFT, PANEL, GAP, TOP, STEP = 120, 330, 30, 64, 26


def svg(rows, names):
    """The document. Panels stand side by side, one for each number of threads."""
    panels = sorted({row.threads for row in rows})
    shown = [name for name in names if any(row.workload == name and row.tape for row in rows)]
    ratios = [entry.median / row.tape.median for row in rows if row.tape for entry in row.best.values()]
    low, high = min([0.8, *ratios]) / 1.1, max([10, *ratios]) * 1.1
    width, bottom = LEFT + len(panels) * (PANEL + GAP), TOP + STEP * len(shown)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 44}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{bottom + 44}" fill="white"/>',
             text(LEFT, 20, "Time of a gradient step, best variant of each peer ÷ bptt's tape (right of 1: slower than ours)", "start")]
    for at, (who, colour) in enumerate(COLOURS.items()):
        parts += [dot(LEFT + 6 + 90 * at, 36, colour), text(LEFT + 16 + 90 * at, 40, NAMES[who], "start")]
    parts += [text(LEFT - 10, TOP + STEP * at + STEP / 2 + 4, name, "end") for at, name in enumerate(shown)]
    for at, threads in enumerate(panels):
        left = LEFT + at * (PANEL + GAP)

        def x(ratio):
            return left + PANEL * math.log(ratio / low) / math.log(high / low)

        parts += axis(x, low, high, left, bottom, threads)
        for row in rows:
            if row.threads == threads and row.tape:
                y = TOP + STEP * shown.index(row.workload) + STEP / 2
                places = {who: entry.median / row.tape.median for who, entry in row.best.items()}
                if places:
                    parts.append(f'<line x1="{x(1):.1f}" x2="{x(max(places.values())):.1f}" y1="{y}" y2="{y}" stroke="#ddd"/>')
                parts += [dot(x(ratio), y, COLOURS[who], f"{NAMES[who]} {row.best[who].variant}: {ratio:.2f}")
                          for who, ratio in places.items()]
    return "\n".join([*parts, "</svg>\n"])


def axis(x, low, high, left, bottom, threads):
    """The frame of a panel, with a line for every 1, 2 and 5 of a decade."""
    ticks = [digit * 10.0**power for power in range(-2, 5) for digit in (1, 2, 5)]
    parts = [text(left + PANEL / 2, bottom + 38, "one thread" if threads == 1 else f"{threads} threads", "middle")]
    for tick in ticks:
        if low <= tick <= high:
            colour = "#444" if tick == 1 else "#eee"
            parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{bottom}" stroke="{colour}"/>')
            parts.append(text(round(x(tick), 1), bottom + 18, f"{tick:g}", "middle"))
    return parts


def dot(x, y, colour, title=""):
    inside = f"<title>{title}</title>" if title else ""
    return f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{colour}" fill-opacity="0.85">{inside}</circle>'


def text(x, y, words, anchor):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>'
