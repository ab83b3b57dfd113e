#!/usr/bin/env python3
"""Cut the golden files of this folder out of the full collections they come from.

usage: extract.py SOURCE   (a folder with closed_form.json, torch_open_rnn.json, torch_open_rnn.safetensors and torch_open_train.json)

Plain Python: a .safetensors file is a length, a JSON header and raw little-endian numbers.
Numbers are written as the shortest decimals that read back to the same bits.
"""
import json
import pathlib
import struct
import sys

here = pathlib.Path(__file__).parent
source = pathlib.Path(sys.argv[1])


def write(name, cases):
    lines = [f"{json.dumps(key)}: {json.dumps(case)}" for key, case in cases.items()]
    (here / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


closed_form = json.loads((source / "closed_form.json").read_text())
write("elman_closed_form.json", {k: v for k, v in closed_form.items() if k.startswith(("elman_", "tbptt_"))})

cells = ("lstm", "gru", "mgu")
write("cells_closed_form.json", {k: v for k, v in closed_form.items() if k.startswith(cells)})

write("online_closed_form.json", {k: v for k, v in closed_form.items() if k.startswith(("snap1", "uoro"))})

manifest = json.loads((source / "torch_open_rnn.json").read_text())
raw = (source / manifest["tensors_file"]).read_bytes()
(length,) = struct.unpack("<Q", raw[:8])
header, body = json.loads(raw[8 : 8 + length]), raw[8 + length :]


def tensor(entry):
    assert entry["dtype"] == "F64"
    begin, end = entry["data_offsets"]
    return {"shape": entry["shape"], "data": list(struct.unpack(f"<{(end - begin) // 8}d", body[begin:end]))}


def wanted(case):
    plain = case["layers"] == 1 and not case["bidirectional"] and case["lengths"] is None
    return case["kind"] in ("rnn_tanh", "rnn_relu") and plain


cases = {}
for case in filter(wanted, manifest["cases"]):
    prefix = case["key"] + "/"
    tensors = {k.removeprefix(prefix): tensor(v) for k, v in header.items() if k.startswith(prefix)}
    tensors = {k: v for k, v in tensors.items() if not k.startswith("hvp")}
    cases[case["key"]] = {"kind": case["kind"], "loss": case["loss"], "tensors": tensors}
write("elman_torch.json", cases)

training = json.loads((source / "torch_open_train.json").read_text())


def finite_two_norm(case):
    # The two cases with NaN or ∞ among the gradients are errors here, and JSON has no such numbers.
    return case["kind"] == "norm" and case["norm_type"] == 2.0 and "note" not in case


def clipping(case):
    keys = ("max_norm", "shapes", "grads", "total_norm", "clipped")
    return {k: str(case[k]) if case[k] == "inf" else case[k] for k in keys}


clip = [clipping(c) for c in training["clip"]["cases"] if finite_two_norm(c)]
write("clip_torch.json", {f"clip_{i}": c for i, c in enumerate(clip)})


def covered(case):
    known = {"SGD": {"lr", "momentum", "nesterov", "weight_decay"}, "Adam": {"lr", "betas", "eps", "weight_decay"}}
    return set(case.get("args", {})) <= known.get(case["name"], set()) and "groups" not in case["args"]


optim = training["optim"]
paths = {f"{c['name']}_{i}": {"args": c["args"], "trajectory": c["trajectory"]} for i, c in enumerate(optim["cases"]) if covered(c)}
(skipping,) = [c for c in optim["cases"] if "no gradient on odd steps" in c["args"].get("note", "")]
paths["Adam_skipping"] = {"args": {"lr": skipping["args"]["lr"]}, "trajectory": skipping["trajectory"]}
write("optim_torch.json", {"problem": {k: optim[k] for k in ("A", "z_star", "z0")}} | paths)
