"""Files as ROME's program saves them: the maps of rome/, in its layout, kind by kind.

A dictionary goes into `numpy.savez`, with `kind or ""` since 2022 and `kind` itself, a pickled None, before. A model has no
tokenizer here, so tokens are texts made up from their ids. A Mamba has no `mlp` and no `attn`: the values under those kinds
are of its mixer's output and of its gate.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
FOLDER = HERE / "rome_files"


def result(name, kind, old=False, dtype="f4"):
    case = json.loads((HERE / "rome" / f"{name}.json").read_text())
    run = case["f32"]
    return dict(
        scores=np.array(run["scores"], dtype),
        low_score=float(run["low_score"]),
        high_score=np.array(run["high_score"], dtype),
        input_ids=np.array(case["ids"]),
        input_tokens=[f" t{token}" for token in case["ids"]],
        subject_range=tuple(case["subject_range"]),
        answer=f" t{case['answer_id']}",
        window=10,
        correct_prediction=True,
        kind=kind if old else kind or "",
    )


def subject_last(kept):
    last = kept["subject_range"][1] - 1
    return kept | {"scores": kept["scores"][last : last + 1]}


def severed(kept):
    """As the notebook with severed modules caches it: it traces whatever the model says."""
    return {key: value for key, value in subject_last(kept).items() if key != "correct_prediction"}


FILES = {
    "state": result("ten_resid", None),
    "state_old": result("ten_resid", None, old=True),
    "state_half": result("ten_resid", None, dtype="f2"),
    "mlp": result("ten_mixer_out_w10_code", "mlp"),
    "attn": result("ten_gate_w10_code", "attn"),
    "mlp_subject_last": subject_last(result("ten_mixer_out_w10_code", "mlp")),
    "state_severed": severed(result("ten_resid", None)),
    "stub": dict(correct_prediction=False),
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, kept in FILES.items():
        np.savez(FOLDER / f"{name}.npz", **kept)
