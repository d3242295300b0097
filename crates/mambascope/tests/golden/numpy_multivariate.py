"""Writes numpy_multivariate.json: ROME's noise rules `m` and `t` on small embeddings, by numpy.

The rules are those of kmeng01/rome, experiments/causal_trace.py: the covariance's singular vectors, each times the root of
its value, applied to RandomState(1).randn, plus the mean; for `t` times sqrt((d - 2) / u), u = RandomState(2).chisquare(d).
Singular vectors are free in their signs; here the component largest in size is positive.

Run with numpy 2.4.6: python3 numpy_multivariate.py
"""

import json
import pathlib

import numpy


def weight(covariance):
    _, values, vectors = numpy.linalg.svd(covariance)
    columns = vectors.T
    largest = numpy.abs(columns).argmax(axis=0)
    signs = numpy.sign(columns[largest, numpy.arange(columns.shape[1])])
    return columns * signs * numpy.sqrt(values)


def case(name, embeddings, samples, tokens, degrees):
    count, width = embeddings.shape
    mean, covariance = embeddings.mean(axis=0), numpy.cov(embeddings, rowvar=False)
    draws = numpy.random.RandomState(1).randn(samples, tokens, width)
    normal = draws @ weight(covariance).T + mean
    u = numpy.random.RandomState(2).chisquare(df=degrees, size=1000)
    factors = numpy.sqrt((degrees - 2) / u)[: samples * tokens]
    student = normal * factors.reshape(samples, tokens, 1)
    return {
        "name": name, "width": width, "samples": samples, "tokens": tokens, "degrees": degrees,
        "embeddings": embeddings.ravel().tolist(),
        "mean": mean.tolist(), "covariance": covariance.ravel().tolist(),
        "factors": factors.tolist(), "normal": normal.ravel().tolist(), "student": student.ravel().tolist(),
    }


random = numpy.random.RandomState(21)
mixing = random.normal(0, 1, (6, 6))
golden = {
    "numpy": numpy.__version__,
    "cases": [
        case("full", random.normal(0.2, 0.1, (50, 6)) @ mixing, 3, 2, 3.0),
        case("one_token", random.normal(-1, 2, (30, 3)), 4, 1, 5.0),
    ],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
