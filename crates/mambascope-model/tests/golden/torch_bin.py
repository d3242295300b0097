"""Writes torch.bin and torch_half.bin: a tiny Mamba-1 state dict as torch.save writes it.

Made with Python 3.11.7 and torch 2.15.0; run it in this folder.
Number i of tensor k, in the order below, is ((7 i + 13 k) mod 31 - 15) / 16: exact in every float.
"""

from collections import OrderedDict

import torch

D, E, N, K, R, V = 4, 8, 2, 4, 1, 16
LAYER = [
    ("norm.weight", (D,)),
    ("mixer.in_proj.weight", (2 * E, D)),
    ("mixer.conv1d.weight", (E, 1, K)),
    ("mixer.conv1d.bias", (E,)),
    ("mixer.x_proj.weight", (R + 2 * N, E)),
    ("mixer.dt_proj.weight", (E, R)),
    ("mixer.dt_proj.bias", (E,)),
    ("mixer.A_log", (E, N)),
    ("mixer.D", (E,)),
    ("mixer.out_proj.weight", (D, E)),
]


def tensor(place, shape, dtype):
    numbers = (7 * torch.arange(torch.Size(shape).numel()) + 13 * place) % 31 - 15
    return (numbers.to(torch.float64) / 16).to(dtype).reshape(shape)


def state(dtype):
    names = [("backbone.embedding.weight", (V, D))]
    names += [(f"backbone.layers.0.{part}", shape) for part, shape in LAYER]
    names += [("backbone.norm_f.weight", (D,))]
    tensors = OrderedDict((n, tensor(k, s, dtype)) for k, (n, s) in enumerate(names))
    # Tied, so both names share one storage, and a parameter, as a module's own dictionary has.
    tensors["lm_head.weight"] = tensors["backbone.embedding.weight"]
    tensors["backbone.norm_f.weight"] = torch.nn.Parameter(tensors["backbone.norm_f.weight"])
    tensors._metadata = OrderedDict([("", {"version": 1})])
    return tensors


torch.save(state(torch.float32), "torch.bin")
torch.save(state(torch.bfloat16), "torch_half.bin")
torch.save(state(torch.float32), "torch_legacy.bin", _use_new_zipfile_serialization=False)
