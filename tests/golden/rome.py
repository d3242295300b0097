"""ROME's causal tracing, every cell a whole forward pass, on transformers in float32 and on numpy in float64.

Row 0 of a batch is the clean prompt, rows 1 to S are corrupted at the subject's embeddings. The noise is drawn
anew from the same seed for every cell. In float32 it is added in float64 and the sum rounded once, as ROME's
in-place addition does; in float64 nothing is rounded. A restored activation of the corrupted rows is
row 0's. A score is the mean over samples of the answer's probability after the last token.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from cases import CASES, window_layers
from instrumented import WRITABLE_SITES, Instrumented
from recurrence import Recurrence, softmax

HERE = Path(__file__).parent
ANSWER_RULE = "argmax of the clean run's last logits"


def noise(case, scale, width):
    """[S, subject tokens, D] in sample-major order, the same at every call."""
    state = np.random.RandomState(case.seed)
    shape = (case.samples, case.subject[1] - case.subject[0], width)
    draw = state.randn(*shape) if case.kind == "gaussian" else state.uniform(-1, 1, shape)
    return draw * scale


class Single:
    """transformers in float32."""

    def __init__(self, folder):
        self.model = Instrumented(folder)
        self.layers, self.width = self.model.layers, self.model.width

    def batch(self, case, scale, combine):
        rows = self.model.embed([case.ids] * (case.samples + 1)).clone()
        first, end = case.subject
        drawn = torch.from_numpy(noise(case, scale, self.width))
        if combine == "add":
            rows[1:, first:end] += drawn
        else:
            rows[1:, first:end] = drawn.float()
        return rows

    def run(self, rows, restored):
        """Probabilities [rows, V] after the last token; `restored` holds (site, layer, token)."""

        def restore(site, layer, value):
            tokens = [token for name, at, token in restored if (name, at) == (site, layer)]
            if tokens:
                value = value.clone()
                value[1:, tokens] = value[0, tokens]
            return value

        return torch.softmax(self.model.run(rows, restore, WRITABLE_SITES)[:, -1], dim=1)

    @staticmethod
    def score(probabilities, answer):
        samples = probabilities[1:, answer]
        return samples.mean().item(), [sample.item() for sample in samples]

    def sigma(self, subjects):
        return torch.cat([self.model.embed(ids) for ids in subjects]).std().item()


class Double:
    """numpy in float64."""

    def __init__(self, folder):
        self.model = Recurrence(folder)
        self.layers, self.width = self.model.layers, self.model.width

    def batch(self, case, scale, combine):
        rows = self.model.embed([case.ids] * (case.samples + 1)).copy()
        first, end = case.subject
        clean = rows[1:, first:end] if combine == "add" else 0.0
        rows[1:, first:end] = clean + noise(case, scale, self.width)
        return rows

    def run(self, rows, restored):
        def restore(site, layer, token, value):
            if (site, layer, token) in restored:
                value = value.copy()
                value[1:] = value[0]
            return value

        return softmax(self.model.run(rows, restore)[:, -1])

    @staticmethod
    def score(probabilities, answer):
        samples = probabilities[1:, answer]
        return float(samples.mean()), samples.tolist()

    def sigma(self, subjects):
        return float(np.concatenate([self.model.embed(ids) for ids in subjects]).std(ddof=1))


def scale_of(case, double):
    return case.scale * double.sigma(case.sigma_subjects) if case.sigma_subjects else case.scale


def clean_run(case, program, scale):
    """The answer and its clean probability, from row 0 of the batch."""
    clean = program.run(program.batch(case, scale, case.combine), frozenset())[0]
    answer = int(clean.argmax())
    return answer, float(clean[answer])


def grid(case, program, scale, site, window, convention):
    """Scores [T][L], samples [S][T][L], high and low of one map."""
    answer, high = clean_run(case, program, scale)

    def trace(restored, combine=case.combine):
        return program.score(program.run(program.batch(case, scale, combine), restored), answer)

    cells = [
        [
            trace(frozenset((site, at, token) for at in window_layers(layer, window, convention, program.layers)))
            for layer in range(program.layers)
        ]
        for token in range(len(case.ids))
    ]
    low, low_samples = trace(frozenset())
    return {
        "high_score": high,
        "low_score": low,
        "low_score_added": trace(frozenset(), "add")[0],
        "low_sample_scores": low_samples,
        "scores": [[score for score, _ in row] for row in cells],
        "sample_scores": [[[samples[s] for _, samples in row] for row in cells] for s in range(case.samples)],
    }


def describe(case, scale, answer, site, window, convention):
    return {
        "checkpoint": case.checkpoint,
        "ids": case.ids,
        "subject_range": case.subject,
        "answer_id": answer,
        "answer_rule": ANSWER_RULE,
        "noise": {"kind": case.kind, "scale": scale, "combine": case.combine},
        "seed": case.seed,
        "samples": case.samples,
        "site": site,
        "window": window,
        "convention": convention,
    }


def sigma_facts(case, single, double):
    subjects = case.sigma_subjects
    return {
        "multiple": case.scale,
        "subjects": subjects,
        "sigma_f32": single.sigma(subjects),
        "sigma_f64": double.sigma(subjects),
    }


def write(path, value):
    """One line a key, so that a changed number shows as one changed line."""
    lines = [f"{json.dumps(key)}: {json.dumps(item)}" for key, item in value.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def trace_map(name, case, programs, site, window, convention):
    """Writes one map; returns it without the samples that the file leaves out."""
    scale = scale_of(case, programs["f64"])
    answers = {precision: clean_run(case, program, scale)[0] for precision, program in programs.items()}
    assert answers["f32"] == answers["f64"]
    record = describe(case, scale, answers["f64"], site, window, convention)
    if case.sigma_subjects:
        record["sigma"] = sigma_facts(case, programs["f32"], programs["f64"])
    for precision, program in programs.items():
        record[precision] = grid(case, program, scale, site, window, convention)
    if site not in case.in_full:
        for precision in programs:
            del record[precision]["sample_scores"]
    suffix = site if site == "resid" else f"{site}_w{window}_{convention}"
    write(HERE / "rome" / f"{name}_{suffix}.json", record)
    return record


def report(name, records):
    """One row: a case's probabilities, and how far apart the two programs are over all of its maps."""
    difference = max(
        np.abs(np.array(record["f32"]["scores"]) - np.array(record["f64"]["scores"])).max() for record in records
    )
    scores = np.concatenate([np.ravel(record["f64"]["scores"]) for record in records])
    high, low = (records[0]["f64"][key] for key in ("high_score", "low_score"))
    print(
        f"| `{name}` | {len(records)} | {high:.3f} | {low:.3f} | {scores.min():.3f} to {scores.max():.3f} "
        f"| {difference:.1e} |",
        flush=True,
    )


def main(names):
    """Traces the named cases, or all of them."""
    torch.set_num_threads(1)
    folder = HERE / "rome"
    folder.mkdir(exist_ok=True)
    checkpoints = {case.checkpoint for case in CASES.values()}
    loaded = {name: {"f32": Single(HERE / name), "f64": Double(HERE / name)} for name in sorted(checkpoints)}
    embeddings = {}
    for name, case in CASES.items():
        programs = loaded[case.checkpoint]
        rows = programs["f32"].batch(case, scale_of(case, programs["f64"]), case.combine)
        embeddings[name] = rows[1:, case.subject[0] : case.subject[1]].contiguous().numpy()
    save_file(embeddings, folder / "corrupted_embeddings.safetensors")
    print("| case | maps | high | low | scores | difference |\n|---|--:|--:|--:|--:|--:|")
    for name in names or CASES:
        case = CASES[name]
        report(name, [trace_map(name, case, loaded[case.checkpoint], *wanted) for wanted in case.maps])


if __name__ == "__main__":
    main(sys.argv[1:])
