"""Writes numpy_random.json: draws of numpy's legacy RandomState, each double as the hexadecimal of its bits.

Run with numpy 2.4.6: python3 numpy_random.py
"""

import hashlib
import json
import pathlib
import platform

import numpy

DRAWS = 200_000
SHOWN = 12


def bits(values):
    return [format(word, "016x") for word in numpy.asarray(values, "<f8").view("<u8").tolist()]


def case(seed, draw, arguments):
    state = numpy.random.RandomState(seed)
    method = {"normals": "standard_normal", "uniform": "uniform", "chi_squares": "chisquare"}[draw]
    values = getattr(state, method)(*arguments, size=DRAWS)
    return {
        "seed": seed,
        "draw": draw,
        "arguments": arguments,
        "count": DRAWS,
        "first": bits(values[:SHOWN]),
        "last": bits(values[-SHOWN:]),
        "sha256": hashlib.sha256(values.astype("<f8").tobytes()).hexdigest(),
    }


def mixed(seed):
    """Odd counts in turn, so that the kept normal must survive the other draws."""
    state = numpy.random.RandomState(seed)
    return {
        "seed": seed,
        "normals_3": bits(state.randn(3)),
        "uniform_2": bits(state.uniform(-1.0, 1.0, 2)),
        "normals_4": bits(state.randn(4)),
        "chi_squares_5": bits(state.chisquare(5.0, 5)),
        "normals_1": bits(state.randn(1)),
    }


cases = [case(seed, "normals", []) for seed in (0, 1, 2, 2**32 - 1)]
cases += [case(1, "uniform", [-1.0, 1.0]), case(7, "uniform", [0.25, 1000.0])]
# Both sides of a gamma shape of 1, which is two degrees of freedom, and the shape itself.
cases += [case(2, "chi_squares", [degrees]) for degrees in (0.01, 1.0, 1.9, 2.0, 2.1, 3.0, 10.0, 1000.0)]
golden = {
    "numpy": numpy.__version__,
    "python": platform.python_version(),
    "cases": cases,
    "mixed": [mixed(seed) for seed in (1, 2, 3)],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
