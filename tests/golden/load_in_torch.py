#!/usr/bin/env python3
"""Load a model that was trained and exported here into PyTorch, and compare what the two compute.

usage: cargo test --test exchange
       python3 tests/golden/load_in_torch.py target/tmp/for_torch.safetensors

Needs torch and safetensors. What it printed is kept in load_in_torch.txt.
"""
import sys

import torch
from safetensors.torch import load_file

from torch_models import Models

arrays = load_file(sys.argv[1])
x = arrays.pop("input")
recorded = [arrays.pop("gru_output"), arrays.pop("lstm_output")]
models = Models()
models.load_state_dict(arrays, strict=True)
print(f"PyTorch {torch.__version__}: {len(arrays)} arrays loaded, {x.dtype}")
with torch.no_grad():
    outputs = models(x)
for name, ours, theirs in zip(["GRU", "LSTM"], recorded, outputs):
    off = (ours - theirs).abs().max().item()
    print(f"{name}: {tuple(theirs.shape)} outputs up to {theirs.abs().max().item():.3f}, off by {off:.1e} at most")
    assert off <= 1e-6, "more than 1e-6"
