"""Makes the numbers behind the elementary functions of crates/tape/src/kernel.

    python3 elementary.py coefficients          the polynomials written in the kernel files
    python3 elementary.py table > elementary.txt    the values the tests compare with

Needs mpmath (any 1.x); every figure is computed with 60 digits and rounded once.
"""

import random
import struct
import sys

from mpmath import atanh, erf, erfc, exp, expm1, linspace, log, log1p, lu_solve, matrix
from mpmath import mp, mpf, cos, ldexp, pi, sqrt, tanh

mp.dps = 60


# --- Coefficients --------------------------------------------------------------------------


def remez(f, degree, a, b, weight=lambda x: mpf(1)):
    """The polynomial p of least max |weight (p - f)| on [a, b] (Remez, 1934).

    Solves for a polynomial whose error takes alternating signs of one size at degree + 2
    points, moves those points to the extrema of the error, and repeats.
    """
    n = degree + 2
    points = [(a + b) / 2 - (b - a) / 2 * cos(pi * i / (n - 1)) for i in range(n)]
    grid = [(a + b) / 2 - (b - a) / 2 * cos(pi * i / 1500) for i in range(1501)]
    for _ in range(12):
        rows = matrix(n, n)
        right = matrix(n, 1)
        for i, x in enumerate(points):
            for j in range(degree + 1):
                rows[i, j] = x**j
            rows[i, degree + 1] = (-1) ** i / weight(x)
            right[i] = f(x)
        solution = lu_solve(rows, right)
        c = [solution[j] for j in range(degree + 1)]
        errors = [weight(x) * (mp.polyval(c[::-1], x) - f(x)) for x in grid]
        extrema, run = [], [0]
        for i in range(1, len(grid)):
            if (errors[i] > 0) != (errors[run[0]] > 0):
                extrema.append(max(run, key=lambda k: abs(errors[k])))
                run = []
            run.append(i)
        extrema.append(max(run, key=lambda k: abs(errors[k])))
        if len(extrema) < n:
            break
        while len(extrema) > n:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        points = [grid[k] for k in extrema]
    return c, max(abs(e) for e in errors)


def single(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def literal(x, bits):
    """The shortest decimal that reads back as the float nearest to x."""
    if bits == 64:
        return repr(float(x))
    target = single(x)
    return next(s for s in (f"{target:.{d}g}" for d in range(1, 12)) if single(float(s)) == target)


def show(title, f, degree, a, b, bits, weight=lambda x: mpf(1)):
    c, error = remez(f, degree, mpf(a), mpf(b), weight)
    print(f"{title}, f{bits}, degree {degree}, error {float(error):.1e}")
    for x in c:
        print(f"    {literal(x, bits)},")


def exp_tail(r):
    """(eʳ - 1 - r) / r²"""
    if abs(r) < mpf(10) ** -12:
        return mpf(1) / 2 + r / 6 + r * r / 24
    return (expm1(r) - r) / r**2


def ln_tail(z):
    """(2 atanh(s) - 2s) / s³ with s = √z, so that ln m = 2s + s z · tail"""
    if z < mpf(10) ** -20:
        return mpf(2) / 3 + 2 * z / 5
    s = sqrt(z)
    return 2 * (atanh(s) - s) / s**3


def erf_inner(z):
    """erf(x) / x - 1 with x = √z"""
    if z < mpf(10) ** -40:
        return 2 / sqrt(pi) - 1
    return erf(sqrt(z)) / sqrt(z) - 1


ERF_MIDDLE = mpf("2.5")


def erf_outer(t):
    """(1 + 2x) exp(x²) erfc(x) with t = (x - k) / (x + k)"""
    x = ERF_MIDDLE * (1 + t) / (1 - t)
    return (1 + 2 * x) * exp(x * x) * erfc(x)


def coefficients():
    half = log(2) / 2 * mpf("1.0001")
    show("exp tail", exp_tail, 5, -half, half, 32)
    show("exp tail", exp_tail, 10, -half, half, 64)
    top = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.0001")
    show("ln tail", ln_tail, 2, 0, top, 32)
    show("ln tail", ln_tail, 6, 0, top, 64)
    show("erf inner", erf_inner, 11, 0, 1, 64)
    low, high = ((x - ERF_MIDDLE) / (x + ERF_MIDDLE) for x in (mpf(1), mpf("6.25")))
    show("erf outer", erf_outer, 15, low, high, 64, lambda t: 1 / erf_outer(t))


# --- Table ---------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + exp(-x))


def ulp(y):
    """The distance between floats at y, which may be subnormal."""
    return ldexp(mpf(1), max(mp.frexp(abs(y))[1] - 53, -1074))


def row(name, f, x):
    """name, bits of x, bits of the f64 nearest to f(x), and how much larger |f(x)| is, in ULP"""
    y = f(mpf(x))
    nearest = float(y)
    # mpmath rounds twice into the subnormals: settle those by whole units instead.
    if abs(y) < mpf(2) ** -1021:
        nearest = float(ldexp(mp.nint(ldexp(y, 1074)), -1074))
    rest = (abs(y) - abs(mpf(nearest))) / ulp(y) if y else mpf(0)
    bits = [struct.unpack("<Q", struct.pack("<d", v))[0] for v in (float(x), nearest)]
    return f"{name} {bits[0]:016x} {bits[1]:016x} {float(rest):.3f}"


def arguments(low, high, tiny, count, rng):
    """Even over [low, high], and spread over the binades down to tiny with both signs."""
    xs = [rng.uniform(low, high) for _ in range(count)]
    for _ in range(count):
        x = 2.0 ** rng.uniform(tiny, 1.0) * rng.choice([-1, 1])
        if low <= x <= high:
            xs.append(x)
    return xs


def table(scale=1):
    rng = random.Random(1997)
    spread = lambda low, high, tiny, count: arguments(low, high, tiny, count * scale, rng)
    wanted = {
        "exp": (exp, spread(-708.0, 709.7, -60, 130)),
        "expm1": (expm1, spread(-40.0, 709.7, -300, 80) + spread(-2.0, 2.0, -60, 80)),
        "tanh": (tanh, spread(-20.0, 20.0, -300, 80) + spread(-2.0, 2.0, -60, 80)),
        "sigmoid": (sigmoid, spread(-708.0, 40.0, -60, 60) + spread(-6.0, 6.0, -60, 100)),
        "ln": (log, [2.0 ** rng.uniform(-1022, 1023) for _ in range(100 * scale)]
               + [rng.uniform(0.5, 2.0) for _ in range(100 * scale)]
               + [1 + 2.0 ** rng.uniform(-50, -2) * s for s in (-1, 1) for _ in range(30 * scale)]),
        "ln_1p": (log1p, spread(-0.999, 5.0, -300, 100) + [2.0 ** rng.uniform(0, 1023) for _ in range(40 * scale)]
                  + [rng.uniform(-0.5, 1.0) for _ in range(80 * scale)]),
        "erf": (erf, spread(-6.0, 6.0, -300, 80) + spread(-2.0, 2.0, -60, 80)),
    }
    for name, (f, xs) in wanted.items():
        for x in xs:
            print(row(name, f, x))


if __name__ == "__main__":
    if sys.argv[1:] == ["coefficients"]:
        coefficients()
    elif sys.argv[1:2] == ["table"]:
        table(*map(int, sys.argv[2:]))
    else:
        sys.exit(__doc__)
