"""Describes the arrays of an npz file as JSON; doubles are the hexadecimal of their bits.

Run as: python3 described.py FILE
"""

import json
import sys

import numpy


def described(array):
    array = numpy.asarray(array)
    kind = array.dtype.kind
    if kind == "O":
        return {"shape": array.shape, "kind": "object"}
    if kind == "f":
        name = array.dtype.newbyteorder("=").name
        words = array.astype("<f8").ravel().view("<u8").tolist()
        return {"shape": array.shape, "kind": name, "values": [format(word, "016x") for word in words]}
    if kind == "S":
        return {"shape": array.shape, "kind": "text", "values": [value.decode() for value in array.ravel().tolist()]}
    name = {"b": "bool", "i": "int64", "u": "int64", "U": "text"}[kind]
    return {"shape": array.shape, "kind": name, "values": array.ravel().tolist()}


if __name__ == "__main__":
    with numpy.load(sys.argv[1], allow_pickle=False) as archive:
        print(json.dumps({name: described(archive[name]) for name in archive.files}))
