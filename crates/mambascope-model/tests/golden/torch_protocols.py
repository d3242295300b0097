"""Writes torch_wrapped.bin, torch_protocol_5.bin and torch_legacy_4.bin from the numbers of torch_bin.py, without torch.

Made with Python 3.11 alone; run it in this folder. `torch.save` pickles a state dict by calls of
`torch._utils._rebuild_tensor_v2` with storages as persistent ids; here classes of the same names stand for these, so that
Python's own pickler writes what it writes for torch, in any protocol and within any dictionary.
"""

import io
import pickle
import struct
import sys
import types
import zipfile
from argparse import Namespace
from collections import OrderedDict

D, E, N, K, R, V = 4, 8, 2, 4, 1, 16
SHAPES = [
    ("backbone.embedding.weight", (V, D)),
    ("backbone.layers.0.norm.weight", (D,)),
    ("backbone.layers.0.mixer.in_proj.weight", (2 * E, D)),
    ("backbone.layers.0.mixer.conv1d.weight", (E, 1, K)),
    ("backbone.layers.0.mixer.conv1d.bias", (E,)),
    ("backbone.layers.0.mixer.x_proj.weight", (R + 2 * N, E)),
    ("backbone.layers.0.mixer.dt_proj.weight", (E, R)),
    ("backbone.layers.0.mixer.dt_proj.bias", (E,)),
    ("backbone.layers.0.mixer.A_log", (E, N)),
    ("backbone.layers.0.mixer.D", (E,)),
    ("backbone.layers.0.mixer.out_proj.weight", (D, E)),
    ("backbone.norm_f.weight", (D,)),
]


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    for member in members.values():
        member.__module__ = name
    return made


def _rebuild_tensor_v2(*arguments):
    raise NotImplementedError


class FloatStorage:
    pass


module("torch", FloatStorage=FloatStorage)
module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2)


class Storage:
    def __init__(self, key, numbers):
        self.key, self.numbers = key, numbers


class Tensor:
    def __init__(self, storage, shape):
        self.storage, self.shape = storage, shape

    def __reduce__(self):
        strides, step = [], 1
        for size in reversed(self.shape):
            strides.insert(0, step)
            step *= size
        arguments = (self.storage, 0, self.shape, tuple(strides), False, OrderedDict())
        return (_rebuild_tensor_v2, arguments)


def state():
    tensors = OrderedDict()
    for place, (name, shape) in enumerate(SHAPES):
        count = 1
        for size in shape:
            count *= size
        numbers = [((7 * i + 13 * place) % 31 - 15) / 16 for i in range(count)]
        tensors[name] = Tensor(Storage(str(place), numbers), shape)
    return tensors


def pickled(value, protocol, legacy=False):
    """The pickle, and the storages in the order in which they were met."""
    met = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, item):
            if not isinstance(item, Storage):
                return None
            met[item.key] = item
            known = ("storage", FloatStorage, item.key, "cpu", len(item.numbers))
            return known + (None,) if legacy else known

    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue(), met


def raw(storage):
    return struct.pack(f"<{len(storage.numbers)}f", *storage.numbers)


def save_zip(value, file, protocol):
    body, storages = pickled(value, protocol)
    # One fixed time, so that a second run gives the same bytes.
    part = lambda name: zipfile.ZipInfo(f"archive/{name}", (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(part("data.pkl"), body)
        archive.writestr(part("byteorder"), "little")
        for key, storage in storages.items():
            archive.writestr(part(f"data/{key}"), raw(storage))
        archive.writestr(part("version"), "3\n")


def save_legacy(value, file, protocol):
    machine = dict(protocol_version=1001, little_endian=True, type_sizes=dict(short=2, int=4, long=4))
    body, storages = pickled(value, protocol, legacy=True)
    keys = sorted(storages)
    with open(file, "wb") as out:
        for item in (0x1950A86A20F9469CFC6C, 1001, machine):
            out.write(pickle.dumps(item, protocol))
        out.write(body)
        out.write(pickle.dumps(keys, protocol))
        for key in keys:
            out.write(struct.pack("<q", len(storages[key].numbers)))
            out.write(raw(storages[key]))


settings = Namespace(lr=1e-3, steps=[1, 2], name="run", resume=None, tied=True, betas=(0.9, 0.95))
beside = {"epoch": 3, "args": settings, "optimizer": {"state": {0: {"step": 5}}, "groups": [{"lr": 0.1}]}}
save_zip({**beside, "model_state_dict": state(), "best": 0.5}, "torch_wrapped.bin", 2)
save_zip({"module": {"state_dict": state()}}, "torch_protocol_5.bin", 5)
save_legacy({"state_dict": state(), "seen": {1, 2}, "raw": b"abc"}, "torch_legacy_4.bin", 4)
