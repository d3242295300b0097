"""Writes the npz files that the tests of npz read, and numpy_npz.json: what is in them.

Run with numpy 2.4.6: python3 numpy_npz.py

- numpy_stored.npz and numpy_deflated.npz: every kind of array that is read, by `savez` and `savez_compressed`.
- numpy_own.npz: the kinds that are written, so that the bytes of each array can be compared.
- numpy_versions.npz: one array in each npy format, and an entry that is no array.
- numpy_rome.npz: a case in the layout of ROME's `causal_trace.py`, with its pickled `kind` of None.
"""

import json
import pathlib
import platform
import zipfile

import numpy

from described import described

FOLDER = pathlib.Path(__file__).parent
GRID = numpy.arange(24).reshape(2, 3, 4)

arrays = {
    "bool": GRID % 3 == 0,
    "scalar_bool": numpy.bool_(True),
    "scalar_int": numpy.int64(-5),
    "scalar_float": numpy.float64(0.1),
    "scalar_text": numpy.str_(" Par\u00eds"),
    "empty": numpy.zeros((0, 3), "f4"),
    "empty_text": numpy.array([], str),
    "blank_text": numpy.array(["", ""]),
    "text": numpy.array([["The", "\u0120Eiffel"], ["\U0001f40d", ""]]),
    "text_big": numpy.array(["ab", "\u00e9\u4e2d\U0001f40d"]).astype(">U3"),
    "text_fortran": numpy.asfortranarray(numpy.array([["a", "b", "c"], ["d", "e", "f"]])),
    "text_bytes": numpy.array([b"ab", b"c", "\u00e9".encode()]),
    "text_none": numpy.zeros(3, "U0"),
    "special": numpy.array([numpy.nan, numpy.inf, -numpy.inf, -0.0, 5e-324]),
    "float_fortran": numpy.asfortranarray(GRID + 0.25),
    "vector_fortran": numpy.asfortranarray(numpy.arange(5)),
}
for width in (1, 2, 4, 8):
    signed = numpy.array([-(2 ** (8 * width - 1)), -1, 0, 1, 2 ** (8 * width - 1) - 1])
    unsigned = numpy.array([0, 1, 2 ** (8 * width) - 1 if width < 8 else 2**63 - 1])
    for endian in "<>":
        arrays[f"{endian}i{width}"] = signed.astype(f"{endian}i{width}")
        arrays[f"{endian}u{width}"] = unsigned.astype(f"{endian}u{width}")
for width in (4, 8):
    for endian in "<>":
        values = (GRID / 7 - 1).astype(f"{endian}f{width}")
        arrays[f"{endian}f{width}"] = values
        arrays[f"{endian}f{width}_fortran"] = numpy.asfortranarray(values)

own = {
    "bool": numpy.array([True, False, True]),
    "int": GRID - 12,
    "float": (GRID / 7).astype("f4"),
    "double": GRID / 7,
    "scalar": numpy.float64(0.1),
    "answer": numpy.str_(" Par\u00eds"),
    "tokens": numpy.array(["The", "\u0120Eiffel", "\U0001f40d", ""]),
    "blank": numpy.array([""]),
    "empty": numpy.zeros((0, 3), "f4"),
    "long": numpy.zeros((1,) * 64),
    "wide": numpy.zeros(10_007, bool),
    # Heads whose text needs no padding, which numpy pads by a whole line.
    **{f"padded_{ones}": numpy.zeros((1,) * ones, "f4") for ones in range(1, 40)},
}

rome = {
    "scores": (numpy.arange(12).reshape(4, 3) / 16).astype("f4"),
    "low_score": numpy.float32(0.0625),
    "high_score": numpy.float32(0.75),
    "input_ids": numpy.array([464, 412, 733, 417]),
    "input_tokens": ["The", " E", "iff", "el"],
    "subject_range": (1, 4),
    "answer": " Paris",
    "window": 10,
    "correct_prediction": True,
    "kind": None,
}


def other_versions():
    """The same array in each npy format; `savez` would take the first for all."""
    with zipfile.ZipFile(FOLDER / "numpy_versions.npz", "w") as archive:
        for version in ((1, 0), (2, 0), (3, 0)):
            with archive.open(zipfile.ZipInfo(f"format_{version[0]}.npy"), "w") as entry:
                numpy.lib.format.write_array(entry, GRID, version)
        archive.writestr(zipfile.ZipInfo("README"), "not an array")


numpy.savez(FOLDER / "numpy_stored.npz", **arrays)
numpy.savez_compressed(FOLDER / "numpy_deflated.npz", **arrays)
numpy.savez_compressed(FOLDER / "numpy_own.npz", **own)
numpy.savez(FOLDER / "numpy_rome.npz", **rome)
other_versions()
golden = {
    "numpy": numpy.__version__,
    "python": platform.python_version(),
    "arrays": {name: described(array) for name, array in arrays.items()},
    "rome": {name: described(array) for name, array in rome.items()},
    "versions": {f"format_{version}": described(GRID) for version in (1, 2, 3)},
}
(FOLDER / "numpy_npz.json").write_text(json.dumps(golden, indent=1) + "\n")
