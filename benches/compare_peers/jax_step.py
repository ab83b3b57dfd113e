"""A gradient step in JAX: `jax_step.py WORKLOAD VARIANT THREADS`, spoken to as `worker.py` says.

All variants are `jit` of `value_and_grad` over `lax.scan`.

`scan`      the products with all inputs in one, before the scan
`unrolled`  the same, with eight steps in each turn of the compiled loop
`inside`    the products with the inputs inside the scan, as the cell is written
"""

import os
import sys

if sys.argv[3] == "1":  # or the products of one step are handed to a pool of threads that share the core
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import sigmoid

import data
from worker import serve
from workloads import WORKLOADS

# A cell is what can be done for all steps at once, `project(p, x)`, and what cannot, `recur(p, projected, state)`.


def project(p, x):
    return x @ p["weight_ih"].T + p["bias_ih"]


def recurrent(p, h):
    return h @ p["weight_hh"].T + p["bias_hh"]


def elman(p, x, h):
    return jnp.tanh(x + recurrent(p, h))


def lstm(p, x, state):
    h, c = state
    i, f, g, o = jnp.split(x + recurrent(p, h), 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


def gru(p, x, h):
    (xr, xz, xn), (hr, hz, hn) = jnp.split(x, 3, -1), jnp.split(recurrent(p, h), 3, -1)
    z, n = sigmoid(xz + hz), jnp.tanh(xn + sigmoid(xr + hr) * hn)
    return (1 - z) * n + z * h


def project_mgu(p, x):
    return x @ p["w_f"] + p["b_f"], x @ p["w_n"] + p["b_n"]


def mgu(p, x, h):
    f = sigmoid(x[0] + h @ p["u_f"])
    return (1 - f) * h + f * jnp.tanh(x[1] + (f * h) @ p["u_n"])


CELLS = {"elman": (project, elman), "lstm": (project, lstm), "gru": (project, gru), "mgu": (project_mgu, mgu)}


def loss_of(workload, variant):
    """The loss of a window, with the state that the window leaves."""
    before, recur = CELLS[workload.cell]

    def strand(p, x, state, backwards):
        def body(state, x):
            state = recur(p, before(p, x) if variant == "inside" else x, state)
            return state, state[0] if workload.cell == "lstm" else state

        final, h = lax.scan(body, state, x if variant == "inside" else before(p, x), reverse=backwards,
                            unroll=8 if variant == "unrolled" else 1)
        return h, final

    def loss(parameters, x, targets, states):
        if workload.kind == "tokens":
            x = parameters["embedding.weight"][x]
        finals = {}
        for layer in range(workload.layers):
            ways = []
            for way in workload.directions:
                name = f"l{layer}{way}"
                p = {key[4:-len(name) - 1]: value for key, value in parameters.items()
                     if key.startswith("rnn.") and key.endswith("_" + name)}
                h, finals[name] = strand(p, x, states[name], way == "_reverse")
                ways.append(h)
            x = jnp.concatenate(ways, -1)
        x = x[-1:] if workload.last_step_only else x
        outputs = x @ parameters["head.weight"].T + parameters["head.bias"]
        if workload.loss == "cross_entropy":
            total = -jnp.take_along_axis(jax.nn.log_softmax(outputs), targets[..., None], -1).sum()
        else:
            total = 0.5 * jnp.square(outputs - targets).sum()
        return total / workload.batch, finals

    return loss


def main(workload, variant, _threads):
    workload = WORKLOADS[workload]
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", workload.dtype == "float64")
    parameters = {name: jnp.asarray(array) for name, array in data.parameters(workload).items()}
    windows = [tuple(map(jnp.asarray, window)) for window in data.windows(workload)]
    zeros = jnp.zeros((workload.batch, workload.hidden), workload.dtype)
    start = {name: (zeros, zeros) if workload.cell == "lstm" else zeros for name, _ in workload.strands()}
    gradient = jax.jit(jax.value_and_grad(loss_of(workload, variant), has_aux=True))
    at, state, found = 0, start, None

    def step():
        nonlocal at, state, found
        found = None
        found = jax.block_until_ready(gradient(parameters, *windows[at], state))
        at = (at + 1) % len(windows)
        state = found[0][1] if at else start

    serve(jax.__version__, lambda: (float(found[0][0]), list(found[1].values())), step, step)


if __name__ == "__main__":
    main(*sys.argv[1:])
