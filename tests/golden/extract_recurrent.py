#!/usr/bin/env python3
"""Cut small collections about recurrent layers out of full ones.

usage: extract_recurrent.py SOURCE   (a folder with torch_open_rnn.json, …_cells, …_dyn, …_train, ort_open_rnn.json,
                                      onnx_node_cases.json and their .safetensors)

No number is changed. Plain Python: a .safetensors file is a length, a JSON header and raw little-endian numbers.
"""
import json
import pathlib
import struct
import sys

here = pathlib.Path(__file__).parent
source = pathlib.Path(sys.argv[1])


def read(name):
    manifest = json.loads((source / f"{name}.json").read_text())
    if "tensors_file" not in manifest:
        return manifest, {}, b""
    raw = (source / manifest["tensors_file"]).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    return manifest, json.loads(raw[8 : 8 + length]), raw[8 + length :]


def write(name, target, choose, wanted=lambda case, path: True):
    """Keeps the cases that `choose` picks, and of their tensors those that are wanted."""
    manifest, header, body = read(name)

    def size(case):
        own = [t for n, t in header.items() if n.startswith(case.get("key", "/") + "/")]
        return sum(t["data_offsets"][1] - t["data_offsets"][0] for t in own)

    kept = choose(sorted(manifest["cases"], key=size))
    kept.sort(key=manifest["cases"].index)
    by_key = {case.get("key"): case for case in kept}
    entries, data = {}, b""
    for tensor, entry in sorted(header.items()):
        key, _, path = tensor.partition("/")
        if key in by_key and wanted(by_key[key], path):
            begin, end = entry["data_offsets"]
            entries[tensor] = {**entry, "data_offsets": [len(data), len(data) + end - begin]}
            data += body[begin:end]
    head = {k: v for k, v in manifest.items() if k not in ("cases", "tensors_file")}
    if entries:
        head["tensors_file"] = f"{target}.safetensors"
        text = json.dumps(entries, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        (here / head["tensors_file"]).write_bytes(struct.pack("<Q", len(text)) + text + data)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in kept)
    (here / f"{target}.json").write_text(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")
    print(target, len(kept), "cases")


def first_of(kinds):
    """Of the cases, smallest first, one of each kind."""

    def choose(cases):
        chosen = {}
        for case in cases:
            chosen.setdefault(kinds(case), case)
        return list(chosen.values())

    return choose


def sequences(cases):
    padded = first_of(lambda c: c["kind"])(c for c in cases if c["lengths"] and c["bidirectional"] and c["bias"])
    deep = first_of(lambda c: c["kind"])(c for c in cases if c["layers"] > 1 and c["initial_state"] and not c["bidirectional"])
    curved = first_of(lambda c: c["kind"])(c for c in cases if c["hvp"])
    return list({c["key"]: c for c in padded + deep + curved}.values())


def nodes(cases):
    variant = first_of(lambda c: (c["op"], c["lbr"], c["input_forget"], c["peep"]))
    backward = variant([c for c in cases if c["direction"] == "reverse" and c["lens"]])
    both = first_of(lambda c: c["op"])([c for c in cases if c["direction"] == "bidirectional" and c["lens"]])
    return backward + both


def dynamics(cases):
    rows = [c for c in cases if c["type"].startswith("row_")]
    trained = [c for c in cases if c["key"] in ("train_gru_clip_adam",)]
    truncated = [c for c in cases if c["key"] == "tbptt_gru"]
    for case in truncated:
        case["configs"] = [c for c in case["configs"] if (c["k1"], c["k2"]) == (3, 7)]
    return rows + trained + truncated


def in_windows(case, path):
    return not path.startswith(("k", "full_grad")) or path.startswith("k3_7/")


write("torch_open_rnn", "torch_golden_rnn", sequences)
write("torch_open_cells", "torch_golden_cells", first_of(lambda c: (c["kind"], c["bias"])))
write("torch_open_dyn", "torch_golden_dyn", dynamics, in_windows)
write(
    "ort_open_rnn",
    "ort_golden_rnn",
    nodes,
)
write("onnx_node_cases", "onnx_node_golden", lambda cases: [c for c in cases if c["name"].split("_", 2)[-1] in
      ("seq_length", "batchwise", "with_peepholes", "bidirectional") and "rnn" not in c["name"]])

train = json.loads((source / "torch_open_train.json").read_text())
small = {k: train[k] for k in ("format", "torch")}
small["clip"] = {"cases": [c for c in train["clip"]["cases"] if c.get("norm_type", 2.0) == 2.0][::3]}
some = [c for c in train["optim"]["cases"] if c["name"] in ("SGD", "Adam") and "maximize" not in c["args"]]
small["optim"] = {**train["optim"], "cases": [c for c in some if {"nesterov", "betas", "note"} & set(c["args"])]}
(here / "torch_golden_train.json").write_text(json.dumps(small, separators=(",", ":")) + "\n")
