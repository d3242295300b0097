"""The original project's traces of Mamba's recurrent caches, as its algorithm is published, in float64 numpy.

Clean pass, token by token: after token p the caches of every layer are stored. Corrupted runs, token by token: before
token p is processed, the cache of one layer is overwritten with the clean one that was stored after p; both caches
(kind `None`), the scan's or the convolution's alone. At the first token the whole-sequence path fills the caches anew, so
nothing that was put there survives. Scores are probabilities averaged over samples, one whole run for each cell.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import json
from pathlib import Path

import numpy as np

from cases import CASES
from recurrence import Recurrence, softmax

HERE = Path(__file__).parent
KINDS = ("None", "ssm_state", "conv_state")
TRACED = ("plain_three_samples", "narrow_seed_seven", "wide", "two_tokens")


def untouched(site, value):
    return value


def corrupted(model, case):
    """The embeddings of all samples, [S, T, D]."""
    start, end = case.subject
    clean = model.embed(case.ids)
    draws = np.random.RandomState(case.seed).randn(case.samples, end - start, model.width)
    rows = np.repeat(clean[None], case.samples, axis=0)
    rows[:, start:end] += case.scale * draws
    return rows


def clean_caches(model, ids):
    """By layer and token the caches after the token; and the last logits."""
    memories = model.begin(1)
    stored = []
    for token, embedding in enumerate(model.embed(ids)):
        residual = embedding[None]
        for layer, memory in enumerate(memories):
            residual = model.block(residual, layer, memory, untouched)
        stored.append([{name: memory[name].copy() for name in ("window", "state")} for memory in memories])
    return stored, model.head(residual)


def patched(model, rows, stored, cell, kind):
    """p of every token at the end of every sample, with one cell's cache put in before its token."""
    memories = model.begin(len(rows))
    for token in range(rows.shape[1]):
        if cell is not None and token == cell[0] and token > 0:
            cache, memory = stored[token][cell[1]], memories[cell[1]]
            if kind in ("None", "ssm_state"):
                memory["state"] = np.repeat(cache["state"], len(rows), axis=0)
            if kind in ("None", "conv_state"):
                memory["window"] = np.repeat(cache["window"], len(rows), axis=0)
        residual = rows[:, token]
        for layer, memory in enumerate(memories):
            residual = model.block(residual, layer, memory, untouched)
    return softmax(model.head(residual))


def trace(name, case, kind):
    model = Recurrence(HERE / case.checkpoint)
    stored, logits = clean_caches(model, case.ids)
    answer = int(np.argmax(logits[0]))
    rows = corrupted(model, case)
    score = lambda cell: float(patched(model, rows, stored, cell, kind)[:, answer].mean())
    scores = [[score((token, layer)) for layer in range(model.layers)] for token in range(len(case.ids))]
    low = score(None)
    assert scores[0] == [low] * model.layers
    record = {
        "checkpoint": case.checkpoint,
        "ids": list(case.ids),
        "subject_range": list(case.subject),
        "scale": case.scale,
        "seed": case.seed,
        "samples": case.samples,
        "kind": kind,
        "answer_id": answer,
        "high_score": float(softmax(logits)[0, answer]),
        "low_score": low,
        "scores": scores,
    }
    (HERE / "seed" / f"{name}_{kind}.json").write_text(json.dumps(record) + "\n")


def main():
    (HERE / "seed").mkdir(exist_ok=True)
    for name in TRACED:
        for kind in KINDS:
            trace(name, CASES[name], kind)


if __name__ == "__main__":
    main()
