"""Writes scipy_stats.json: quantiles, intervals, tests and false discovery rates by scipy and numpy.

Run with scipy 1.17.1 and numpy 2.4.6: python3 scipy_stats.py
"""

import json
import pathlib

import numpy
import scipy
from scipy import integrate, optimize, special, stats

random = numpy.random.RandomState(4)


def quantiles():
    shares = [0.5, 0.51, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9999, 0.025, 1e-6]
    degrees = [1.0, 2.0, 3.0, 4.5, 9.0, 19.0, 99.0, 999.0, 1000.5, 1207.0, 20000.0, 1e6, 1e12]
    student = [[p, d, float(stats.t.ppf(p, d))] for d in degrees for p in shares]
    normal = [[p, float(stats.norm.ppf(p))] for p in shares]
    return {"student": student, "normal": normal}


def hall(values, level):
    """Hall's interval from the definition: the transformation and its inverse by bisection."""
    n, mean = len(values), numpy.mean(values)
    deviation, skew = numpy.std(values, ddof=1), stats.skew(values, bias=False)

    def transformed(ratio):
        return ratio + skew * ratio**2 / 3 + skew**2 * ratio**3 / 27 + skew / (6 * n)

    def ratio(target):
        low, high = -1e6, 1e6
        for _ in range(400):
            middle = (low + high) / 2
            low, high = (middle, high) if transformed(middle) < target else (low, middle)
        return (low + high) / 2

    quantile = stats.t.ppf(0.5 + level / 2, n - 1) / numpy.sqrt(n)
    return [mean - deviation * ratio(quantile), mean - deviation * ratio(-quantile)]


def below(values, lowest, point):
    """The chance that a mean under Dirichlet weights, one more value at the lowest place, is at most `point`: a sum of
    exponential numbers is negative (Gil-Pelaez's inversion along the imaginary axis)."""
    slopes = numpy.append(values, lowest) - point
    scale = numpy.abs(slopes).max()

    def integrand(u):
        return float(numpy.imag(numpy.prod(1 / (1 - 1j * slopes / scale * u))) / u)

    pieces = [integrate.quad(integrand, a, b, limit=500, epsabs=1e-13, epsrel=1e-12)[0]
              for a, b in zip([1e-12, 1, 10, 100, 1e4], [1, 10, 100, 1e4, 1e8])]
    return 0.5 - sum(pieces) / numpy.pi


def probability(values, level):
    """Gaffke's bounds of values taken into 0 to 1."""
    values, out = numpy.clip(values, 0, 1), (1 - level) / 2

    def lower(values, lowest):
        return optimize.brentq(lambda t: below(values, lowest, t) - out, lowest + 1e-9, values.max() - 1e-9, xtol=1e-13)

    return [lower(values, 0.0), -lower(-values, -1.0)]


def betting(values, level, samples):
    """The betting confidence sequence by its definition, over the shares of `Sequence::up_to(samples)`."""
    values = numpy.clip(values, 0, 1)
    count = int(min(max(numpy.ceil(4 * numpy.sqrt(samples)), 32), 4096))
    shares = (1 - numpy.cos((numpy.arange(count) + 0.5) / count * numpy.pi)) / 2

    def money(mean):
        factors = shares[:, None] * values / mean + (1 - shares[:, None]) * (1 - values) / (1 - mean)
        return special.logsumexp(numpy.log(factors).sum(axis=1)) - numpy.log(count) + numpy.log(1 - level)

    middle = numpy.clip(values.mean(), 1e-12, 1 - 1e-12)
    ends = [(0.0, 1e-12), (1.0, 1 - 1e-12)]
    return [
        end if money(edge) <= 0 else optimize.brentq(money, *sorted((edge, middle)), xtol=1e-13) for end, edge in ends
    ]


def interval(name, values, level):
    student = stats.t.interval(level, len(values) - 1, numpy.mean(values), stats.sem(values))
    rome = 1.96 * numpy.std(values) / numpy.sqrt(len(values))
    return {
        "name": name,
        "values": list(values),
        "level": level,
        "mean": float(numpy.mean(values)),
        "error": float(stats.sem(values)),
        "student": list(map(float, student)),
        "skewed": list(map(float, hall(values, level))),
        "probability": list(map(float, probability(values, level))),
        "betting": list(map(float, betting(values, level, 200))),
        "rome": [float(numpy.mean(values) - rome), float(numpy.mean(values) + rome)],
    }


def pool(cases, level):
    """The mean over rows with the error of a ratio estimate, by the jackknife-free linear form."""
    sums, counts = numpy.array([sum(c) for c in cases]), numpy.array([len(c) for c in cases])
    ratio, n = sums.sum() / counts.sum(), len(cases)
    error = numpy.sqrt(n * numpy.var(sums - ratio * counts, ddof=1)) / counts.sum()
    means = numpy.array([numpy.mean(c) for c in cases])
    case = stats.t.interval(level, n - 1, means.mean(), stats.sem(means))
    row = stats.t.interval(level, n - 1, ratio, error)
    return {"cases": cases, "level": level, "rows": list(map(float, row)), "by_case": list(map(float, case))}


def bca(values, times, seed, level):
    """BCa over the same draws as the library's: places are uniform(0, n), rounded down."""
    values, n = numpy.asarray(values), len(values)
    draws = numpy.random.RandomState(seed)
    found = numpy.sort([values[draws.uniform(0, n, n).astype(int)].mean() for _ in range(times)])
    estimate = values.mean()
    share = (numpy.sum(found < estimate) + numpy.sum(found == estimate) / 2) / times
    bias = stats.norm.ppf(share)
    left = numpy.array([numpy.delete(values, i).mean() for i in range(n)])
    apart = left.mean() - left
    speed = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    z = stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    ends = stats.norm.cdf(bias + (bias + z) / (1 - speed * (bias + z)))
    low, high = numpy.quantile(found, ends)
    own = stats.bootstrap((values,), numpy.mean, n_resamples=99_999, confidence_level=level, rng=1)
    return {
        "values": values.tolist(), "times": times, "seed": seed, "level": level,
        "low": float(low), "high": float(high), "error": float(found.std(ddof=1)),
        "scipy": [float(own.confidence_interval.low), float(own.confidence_interval.high)],
    }


def flips(cells):
    cells = numpy.asarray(cells)
    own = [
        stats.permutation_test(
            (cell,), numpy.sum, permutation_type="samples", n_resamples=numpy.inf, alternative="two-sided"
        ).pvalue
        for cell in cells
    ]
    n = cells.shape[1]
    signs = 1 - 2 * ((numpy.arange(2**n)[:, None] >> numpy.arange(n)) & 1)
    away = numpy.abs(signs @ cells.T) / numpy.sqrt((cells**2).sum(axis=1))
    seen = numpy.abs(cells.sum(axis=1)) / numpy.sqrt((cells**2).sum(axis=1))
    grid = [(away.max(axis=1) >= one - 1e-12).mean() for one in seen]
    return {"cells": cells.tolist(), "p": list(map(float, own)), "p_of_grid": list(map(float, grid))}


samples = {
    "normal": random.normal(0.3, 0.1, 10),
    "near_zero": random.beta(0.5, 5, 10),
    "near_one": random.beta(5, 0.5, 10),
    "near_both": random.beta(0.1, 0.5, 10),
    "three": random.uniform(0, 1, 3),
    "many": random.beta(2, 8, 200),
}
ragged = [random.beta(2, 5, count).tolist() for count in (1, 3, 2, 1, 7, 4)]
cells = random.normal(0, 1, (6, 9)) + numpy.array([0, 0, 0.4, 0.8, 1.2, -1.5])[:, None]
p_values = random.uniform(0, 1, 12) ** 3
golden = {
    "scipy": scipy.__version__,
    "numpy": numpy.__version__,
    "quantiles": quantiles(),
    "intervals": [interval(n, v.tolist(), level) for n, v in samples.items() for level in (0.9, 0.95)],
    "pool": pool(ragged, 0.95),
    "bootstrap": bca(random.beta(1, 6, 24), 2000, 3, 0.95),
    "flips": flips(cells),
    "discovery": {
        "p": p_values.tolist(),
        "positive": stats.false_discovery_control(p_values, method="bh").tolist(),
        "any": stats.false_discovery_control(p_values, method="by").tolist(),
    },
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
