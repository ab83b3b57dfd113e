"""The workloads: everything two libraries must agree on before their times may be compared.

They are those of `crates/rnn/benches/gradient_step/workload.rs`, for the peers that speak Python. A *gradient step* is
forward over `steps` from given inputs and a state of zeros, a loss summed over time and averaged over the batch, and back
to the gradients of all parameters: no update, and no gradient of the inputs. Of a stream (`windows` above 1) a
step is one window, which starts from the state that the last one left, without its past.

Parameters have PyTorch's names, shapes and order of gates; time comes first in all data.
"""

from dataclasses import dataclass

GATES = {"elman": ("",), "mgu": ("f", "n"), "gru": ("r", "z", "n"), "lstm": ("i", "f", "g", "o")}


@dataclass(frozen=True)
class Workload:
    name: str
    cell: str
    sizes: tuple  # inputs, hidden, outputs, batch, steps
    expected: tuple  # loss and Euclidean norm of all gradients, of the first step
    loss: str = "squared_error"  # ½ |o − y|², or "cross_entropy": −ln softmax(o)[y]
    kind: str = "dense"  # "one_hot": classes, written out; "tokens": rows of a table that is trained
    layers: int = 1
    directions: tuple = ("",)
    last_step_only: bool = False
    windows: int = 1
    dtype: str = "float32"

    inputs = property(lambda self: self.sizes[0])
    hidden = property(lambda self: self.sizes[1])
    outputs = property(lambda self: self.sizes[2])
    batch = property(lambda self: self.sizes[3])
    steps = property(lambda self: self.sizes[4])

    def layer_inputs(self, layer):
        return self.inputs if layer == 0 else self.hidden * len(self.directions)

    def strands(self):
        """Every direction of every layer, by the end of its parameters' names, with the width of what it reads."""
        return [(f"l{layer}{way}", self.layer_inputs(layer)) for layer in range(self.layers) for way in self.directions]

    def shapes(self):
        """The shape of each parameter, by name."""
        hidden, rows = self.hidden, len(GATES[self.cell]) * self.hidden
        shapes = {"embedding.weight": (self.outputs, self.inputs)} if self.kind == "tokens" else {}
        for strand, width in self.strands():
            if self.cell == "mgu":  # no framework's: one array for a gate, and one bias
                own = {f"{part}_{gate}": shape for gate in GATES["mgu"]
                       for part, shape in (("w", (width, hidden)), ("u", (hidden, hidden)), ("b", (hidden,)))}
            else:
                own = {"weight_ih": (rows, width), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
            shapes |= {f"rnn.{name}_{strand}": shape for name, shape in own.items()}
        return shapes | {"head.weight": (self.outputs, hidden * len(self.directions)), "head.bias": (self.outputs,)}

    def wrong(self, loss, grad_norm):
        """Whether the first step gave something else than all peers agree on."""
        tolerance = 1e-5 if self.dtype == "float32" else 1e-12
        return any(not abs(found / right - 1) <= tolerance for found, right in zip((loss, grad_norm), self.expected))


CHARACTERS = {"loss": "cross_entropy", "kind": "one_hot"}

WORKLOADS = {w.name: w for w in (
    Workload("teach_elman_f64", "elman", (8, 16, 4, 1, 32), (26.0517905559447, 29.8542859803899), dtype="float64"),
    Workload("char_elman", "elman", (65, 128, 65, 32, 64), (267.4191, 2.942531), **CHARACTERS),
    Workload("char_lstm", "lstm", (65, 128, 65, 50, 50), (208.8550, 1.261395), layers=2, **CHARACTERS),
    Workload("ptb_small", "lstm", (200, 200, 10_000, 20, 20), (184.2312, 1.192616), layers=2, loss="cross_entropy",
             kind="tokens"),
    Workload("gru_512", "gru", (256, 512, 64, 64, 100), (1088.792, 47.80924)),
    Workload("lstm_1024", "lstm", (1024, 1024, 64, 64, 25), (268.3554, 13.26312)),
    Workload("long_elman", "elman", (2, 64, 1, 8, 2000), (0.1688311, 0.4863383), last_step_only=True),
    Workload("tbptt_lstm", "lstm", (65, 256, 65, 32, 35), (146.1440, 1.351088), windows=16, **CHARACTERS),
    Workload("custom_mgu", "mgu", (64, 128, 64, 32, 64), (701.9787, 43.14355)),
    Workload("bidi_gru", "gru", (128, 128, 64, 32, 64), (736.8761, 69.03354), directions=("", "_reverse")),
)}
