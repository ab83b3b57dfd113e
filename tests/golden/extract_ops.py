#!/usr/bin/env python3
"""Cut a small collection of operations out of a full one.

usage: extract_ops.py SOURCE   (a folder with torch_open_ops.json and torch_open_ops.safetensors)

Of each operation one small case is kept, or two of different arguments. No number is changed.
Plain Python: a .safetensors file is a length, a JSON header and raw little-endian numbers.
"""
import json
import pathlib
import struct
import sys

here = pathlib.Path(__file__).parent
source = pathlib.Path(sys.argv[1])
manifest = json.loads((source / "torch_open_ops.json").read_text())
raw = (source / manifest["tensors_file"]).read_bytes()
(length,) = struct.unpack("<Q", raw[:8])
header, body = json.loads(raw[8 : 8 + length]), raw[8 + length :]


def tensors(case):
    prefix = case["key"] + "/"
    return {name: entry for name, entry in header.items() if name.startswith(prefix)}


def size(case):
    return sum(end - begin for begin, end in (t["data_offsets"] for t in tensors(case).values()))


def kind(case):
    """What distinguishes the arguments of a case, numbers and shapes aside."""
    rank = len(case["outputs"][0])
    return (len(case["args"]["list"]), tuple(sorted(case["kwargs"])), min(rank, 2))


kept = []
for op in dict.fromkeys(case["op"] for case in manifest["cases"]):
    cases = sorted((c for c in manifest["cases"] if c["op"] == op and size(c) > 150), key=size)
    chosen = {}
    for case in cases or [c for c in manifest["cases"] if c["op"] == op][:1]:
        chosen.setdefault(kind(case), case)
    ranked = sorted(chosen.values(), key=lambda c: (-len(c["kwargs"]), size(c)))
    kept += ranked[: 2 if any(c["kwargs"] for c in ranked) or size(ranked[0]) < 250 else 1]

entries, data = {}, b""
for case in sorted(kept, key=lambda c: c["key"]):
    for name, entry in sorted(tensors(case).items()):
        begin, end = entry["data_offsets"]
        entries[name] = {**entry, "data_offsets": [len(data), len(data) + end - begin]}
        data += body[begin:end]
text = json.dumps(entries, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
(here / "torch_golden_ops.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

keep = ("format", "torch", "semantics", "tensors")
head = {k: manifest[k] for k in keep} | {"tensors_file": "torch_golden_ops.safetensors"}
lines = ",\n".join(json.dumps(case) for case in sorted(kept, key=lambda c: c["key"]))
(here / "torch_golden_ops.json").write_text(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")
print(f"{len(kept)} cases")
