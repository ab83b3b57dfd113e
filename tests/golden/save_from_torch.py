#!/usr/bin/env python3
"""Record a model of PyTorch with what it computes: from_torch.safetensors, float32.

usage: python3 save_from_torch.py     (needs torch and safetensors)
"""
import pathlib

import torch
from safetensors.torch import save_file

from torch_models import INPUTS, LENGTHS, STEPS, Models

torch.manual_seed(11)
models = Models()
x = torch.randn(STEPS, len(LENGTHS), INPUTS)
with torch.no_grad():
    for parameter in models.parameters():
        parameter.mul_(2)
    outputs = models(x)
arrays = dict(models.state_dict()) | dict(zip(["input", "gru_output", "lstm_output"], [x, *outputs]))
save_file({name: array.contiguous() for name, array in arrays.items()}, pathlib.Path(__file__).parent / "from_torch.safetensors")
print(f"PyTorch {torch.__version__}: {len(arrays)} arrays")
