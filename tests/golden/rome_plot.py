"""Does to each file named on the command line what ROME's `plot_trace_heatmap` does before it draws.

Prints `<file>: <kind>` for a file that it would draw, `<file>: KeyError ...` for one that it would not. The file is read
without pickle. What matplotlib asks of the values is asked here: a matrix of floats, a number for the bottom of the scale,
and as many labels as rows.
"""

import sys

import numpy

COLOURS = {None: "Purples", "None": "Purples", "mlp": "Greens", "attn": "Reds"}


def draw(result):
    differences = result["scores"]
    low_score = result["low_score"]
    answer = result["answer"]
    kind = None if (not result["kind"] or result["kind"] == "None") else str(result["kind"])
    window = result.get("window", 10)
    labels = list(result["input_tokens"])
    for i in range(*result["subject_range"]):
        labels[i] = labels[i] + "*"
    COLOURS[kind]
    assert differences.ndim == 2 and differences.dtype.kind == "f"
    assert numpy.isfinite(float(low_score))
    assert len(labels) == len(differences)
    list(range(0, differences.shape[1] - 6, 5))
    assert f"p({str(answer).strip()})" and f"{window}"
    assert all(isinstance(label, str) for label in labels)
    return kind


for file in sys.argv[1:]:
    result = dict(numpy.load(file))
    if not result["correct_prediction"]:
        print(f"{file}: skipped")
        continue
    try:
        print(f"{file}: {draw(result)}")
    except KeyError as error:
        print(f"{file}: KeyError {error}")
