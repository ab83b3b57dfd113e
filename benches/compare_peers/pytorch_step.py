"""A gradient step in PyTorch: `pytorch_step.py WORKLOAD VARIANT THREADS`, spoken to as `worker.py` says.

`module`   nn.RNN, nn.LSTM or nn.GRU over the whole sequence
`loop`     their cells, or the user's own, called in a Python loop
`hoisted`  of the user's own cell: the products with all inputs in one, before the loop
`compiled` torch.compile of the loop, loss included (`hoisted` for the user's own cell)
"""

import sys

import torch
from torch import nn
from torch.nn import functional as F

import data
from worker import serve
from workloads import GATES, WORKLOADS

MODULES = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS = {"elman": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


class Mgu(nn.Module):
    """A cell that PyTorch does not ship, as its user writes it."""

    def __init__(self, inputs, hidden):
        super().__init__()
        shapes = {"w": (inputs, hidden), "u": (hidden, hidden), "b": (hidden,)}
        for gate in GATES["mgu"]:
            for part, shape in shapes.items():
                self.register_parameter(f"{part}_{gate}", nn.Parameter(torch.empty(shape)))

    def project(self, x):
        return x @ self.w_f + self.b_f, x @ self.w_n + self.b_n

    def recur(self, xf, xn, h):
        f = torch.sigmoid(xf + h @ self.u_f)
        return (1 - f) * h + f * torch.tanh(xn + (f * h) @ self.u_n)

    def forward(self, x, h):
        return self.recur(*self.project(x), h)


class Model(nn.Module):
    def __init__(self, workload, variant):
        super().__init__()
        self.workload, self.hoisted = workload, workload.cell == "mgu" and variant != "loop"
        if workload.kind == "tokens":
            self.embedding = nn.Embedding(workload.outputs, workload.inputs)
        if variant == "module":
            self.rnn = MODULES[workload.cell](
                workload.inputs, workload.hidden, workload.layers, bidirectional=len(workload.directions) == 2)
        else:
            cell = CELLS.get(workload.cell, Mgu)
            self.rnn = nn.ModuleDict({strand: cell(width, workload.hidden) for strand, width in workload.strands()})
        self.head = nn.Linear(workload.hidden * len(workload.directions), workload.outputs)
        arrays = data.parameters(workload)
        for name, parameter in self.named_parameters():
            parts = name.split(".")  # of a cell: rnn, strand, name
            parameter.data = torch.from_numpy(arrays[name if len(parts) == 2 else f"rnn.{parts[2]}_{parts[1]}"])

    def forward(self, inputs, targets, state):
        workload = self.workload
        x = self.embedding(inputs) if workload.kind == "tokens" else inputs
        h, state = self.loop(x, state) if isinstance(self.rnn, nn.ModuleDict) else self.rnn(x, state)
        outputs = self.head(h[-1:] if workload.last_step_only else h)
        if workload.loss == "cross_entropy":
            total = F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="sum")
        else:
            total = 0.5 * F.mse_loss(outputs, targets, reduction="sum")
        return total / workload.batch, state

    def loop(self, x, state):
        finals = {}
        for layer in range(self.workload.layers):
            ways = []
            for way in self.workload.directions:
                strand = f"l{layer}{way}"
                h, finals[strand] = self.strand(self.rnn[strand], x, state and state[strand], way == "_reverse")
                ways.append(h)
            x = ways[0] if len(ways) == 1 else torch.cat(ways, -1)
        return x, finals

    def strand(self, cell, x, state, backwards):
        if state is None:
            h = x.new_zeros(self.workload.batch, self.workload.hidden)
            state = (h, h) if self.workload.cell == "lstm" else h
        steps = list(zip(*(part.unbind(0) for part in cell.project(x)))) if self.hoisted else list(x.unbind(0))
        outputs = []
        for x in reversed(steps) if backwards else steps:
            state = cell.recur(*x, state) if self.hoisted else cell(x, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(outputs[::-1] if backwards else outputs), state


def let_go(state):
    """The same numbers, without the past that led to them."""
    if isinstance(state, dict):
        return {strand: let_go(part) for strand, part in state.items()}
    return tuple(map(let_go, state)) if isinstance(state, tuple) else state.detach()


def main(workload, variant, threads):
    workload = WORKLOADS[workload]
    torch.set_num_threads(int(threads))
    torch.set_default_dtype(getattr(torch, workload.dtype))
    model = Model(workload, variant)
    forward = torch.compile(model, dynamic=False) if variant == "compiled" else model
    windows = [tuple(map(torch.from_numpy, window)) for window in data.windows(workload)]
    at, state, loss = 0, None, None

    def step():
        nonlocal at, state, loss
        model.zero_grad(set_to_none=True)
        loss, final = forward(*windows[at], state)
        loss.backward()
        at = (at + 1) % len(windows)
        state = let_go(final) if at else None

    serve(torch.__version__, lambda: (loss.item(), [p.grad.numpy() for p in model.parameters()]), step, step)


if __name__ == "__main__":
    main(*sys.argv[1:])
