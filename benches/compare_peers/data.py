"""The numbers that everybody begins with: a counter hashed, one stream to a name, so that any language repeats them."""

import numpy as np


def parameters(w):
    """All parameters by name: uniform in ±1/√H."""
    return {name: uniform(name, shape, w.hidden**-0.5).astype(w.dtype) for name, shape in w.shapes().items()}


def windows(w):
    """Pairs of inputs and targets, one for each window of the stream."""
    rows = (w.windows * w.steps, w.batch)
    if w.kind == "dense":
        inputs = uniform("inputs", (*rows, w.inputs), 1.0).astype(w.dtype)
    else:
        inputs = classes("inputs", rows, w.inputs if w.kind == "one_hot" else w.outputs)
        if w.kind == "one_hot":
            inputs = np.eye(w.inputs, dtype=w.dtype)[inputs]
    rows = (1, w.batch) if w.last_step_only else rows
    if w.loss == "cross_entropy":
        targets = classes("targets", rows, w.outputs)
    else:
        targets = uniform("targets", (*rows, w.outputs), 1.0).astype(w.dtype)
    return list(zip(np.split(inputs, w.windows), np.split(targets, w.windows)))


def unit(name, count):
    """`count` numbers in [0, 1): splitmix64 (Steele, Lea & Flood, 2014) in counter mode from the FNV-1a hash of `name`."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    word = np.uint64
    with np.errstate(over="ignore"):
        z = word(seed) + word(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=word)
        z = (z ^ z >> word(30)) * word(0xBF58476D1CE4E5B9)
        z = (z ^ z >> word(27)) * word(0x94D049BB133111EB)
        return ((z ^ z >> word(31)) >> word(11)).astype(float) * 2.0**-53


def uniform(name, shape, bound):
    return (-bound + (bound + bound) * unit(name, int(np.prod(shape)))).reshape(shape)


def classes(name, shape, count):
    return (count * unit(name, int(np.prod(shape)))).astype(np.int64).reshape(shape)
