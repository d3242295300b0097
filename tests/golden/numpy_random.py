"""Writes the streams of numpy's legacy generator that causal tracing draws its noise from.

Numbers are the bits of their float64, sixteen hex digits each, so that a port can be held to the last bit.
numpy has frozen `RandomState`: these streams do not change with its version.
"""

import json
import struct
from pathlib import Path

import numpy as np

SEEDS = (0, 1, 2, 12345, 4294967295)
HEAD = 50
# Past the first and the second refill of the generator's 624 words, and far along.
LATER = (311, 312, 623, 624, 1000, 4999, 19999)

DISTRIBUTIONS = {
    "randn": lambda state, count: state.randn(count),
    "uniform": lambda state, count: state.uniform(-1, 1, count),
    "chisquare_3": lambda state, count: state.chisquare(3, count),
    "chisquare_0.7": lambda state, count: state.chisquare(0.7, count),
}


def bits(values):
    return [struct.pack(">d", value).hex() for value in values]


def stream(seed, draw):
    values = draw(np.random.RandomState(seed), LATER[-1] + 1)
    return {
        "first": bits(values[:HEAD]),
        "later": {str(index): bits([values[index]])[0] for index in LATER},
    }


def interleaved(seed):
    """One generator, draws of odd counts in turn: the second normal of a pair is kept across other draws."""
    state = np.random.RandomState(seed)
    draws = [
        ("randn", 3), ("uniform", 2), ("randn", 2), ("chisquare_3", 3), ("randn", 1), ("chisquare_0.7", 4), ("randn", 4),
    ]
    return [{"draw": name, "values": bits(DISTRIBUTIONS[name](state, count))} for name, count in draws]


def main():
    streams = {
        str(seed): {
            **{name: stream(seed, draw) for name, draw in DISTRIBUTIONS.items()},
            "interleaved": interleaved(seed),
        }
        for seed in SEEDS
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"numpy": np.__version__, "seeds": streams}, indent=1) + "\n")


if __name__ == "__main__":
    main()
