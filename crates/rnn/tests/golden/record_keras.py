#!/usr/bin/env python3
"""Record what Keras makes of random weights: keras.safetensors.

usage: KERAS_BACKEND=torch python3 record_keras.py     (needs keras, torch, numpy, safetensors)

Of each layer: its weights under their own names, an input [B, T, X], the outputs [B, T, H], all float64 (Keras 3.15
on PyTorch computes in single precision in spite of that: the outputs are good for 1e-7).
"""
import pathlib

import keras
import numpy as np
from safetensors.numpy import save_file

keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")
rng = np.random.default_rng(4)
B, T, X, H = 2, 4, 3, 2
layers = {
    "rnn": keras.layers.SimpleRNN(H, return_sequences=True),
    "rnn_relu_no_bias": keras.layers.SimpleRNN(H, activation="relu", use_bias=False, return_sequences=True),
    "lstm": keras.layers.LSTM(H, return_sequences=True),
    "gru_after": keras.layers.GRU(H, reset_after=True, return_sequences=True),
    "gru_before": keras.layers.GRU(H, reset_after=False, return_sequences=True),
}
arrays = {}
for name, layer in layers.items():
    x = rng.normal(size=(B, T, X))
    layer.build(x.shape)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    for weight, value in zip(["kernel", "recurrent_kernel", "bias"], layer.get_weights()):
        arrays[f"{name}/{weight}"] = np.ascontiguousarray(value)
    arrays[f"{name}.input"] = x
    arrays[f"{name}.output"] = np.ascontiguousarray(keras.ops.convert_to_numpy(layer(x)))
save_file(arrays, pathlib.Path(__file__).parent / "keras.safetensors")
print(keras.__version__, {k: (v.shape, str(v.dtype)) for k, v in arrays.items() if "bias" in k or "output" in k})
