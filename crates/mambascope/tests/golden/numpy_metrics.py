"""Writes numpy_metrics.json: probabilities, divergences and ranks of rows of logits, in extended precision.

Run with numpy 2.4.6: python3 numpy_metrics.py
"""

import json
import pathlib

import numpy


def log_softmax(row):
    row = row.astype(numpy.longdouble)
    shifted = row - row.max()
    return shifted - numpy.log(numpy.exp(shifted).sum())


def measured(clean, row, known, answer, foil, support):
    end = len(clean) if support == "head" else known
    p, q = log_softmax(clean[:end]), log_softmax(row[:end])
    order = sorted(range(known), key=lambda token: (-row[token], token))
    return {
        "support": support,
        "probability": float(numpy.exp(q[answer])),
        "log_probability": float(q[answer]),
        "logit_difference": float(row[answer] - row[foil]),
        "divergence": float((numpy.exp(p) * (p - q)).sum()),
        "rank": order.index(answer) + 1,
    }


def case(name, clean, row, known, answer, foil):
    results = [measured(clean, row, known, answer, foil, support) for support in ("head", "known")]
    return {
        "name": name, "clean": clean.tolist(), "row": row.tolist(),
        "known": known, "answer": answer, "foil": foil, "results": results,
    }


random = numpy.random.RandomState(11)
plain, other = random.normal(0, 3, 40), random.normal(0, 3, 40)
ties = numpy.round(other)
sure = plain.copy()
sure[7] = 60.0
padded = other.copy()
padded[37:] = 20.0  # rows of padding above every token
cases = [
    case("plain", plain, other, 40, 7, 3),
    case("padding", plain, padded, 37, 7, 3),
    case("ties", plain, ties, 37, 12, 0),
    case("large", plain + 1e4, other * 200 - 1e4, 40, 5, 39),
    case("certain", sure, other, 40, 7, 3),
    case("certain_of_another", plain, sure, 40, 3, 7),
    case("near", plain, plain + 1e-6 * other, 40, 1, 2),
]
golden = {"numpy": numpy.__version__, "cases": cases}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
