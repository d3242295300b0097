"""Writes every activation of a few prompts on every checkpoint: transformers in float32, numpy in float64.

Tensors are named `<prompt>/<site>.<layer>` ([T, ...]), `<prompt>/embed`, `<prompt>/logits` ([T, V]) and
`<prompt>/input_ids`. Prints the largest difference between the two programs, for the README.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from instrumented import Instrumented
from prompts import PROMPTS
from recurrence import SITES, Recurrence

HERE = Path(__file__).parent


def transformers_activations(model, ids):
    """Site and layer to float32 [T, ...], and the logits, which are those of the model without taps."""
    seen = {}

    def see(site, layer, value):
        seen[f"{site}.{layer}"] = value[0].numpy()
        return value

    embeddings = model.embed([ids])
    logits = model.run(embeddings, see)
    with torch.no_grad():
        untapped = model.model(torch.tensor([ids]), use_cache=False).logits
    assert torch.equal(logits, untapped)
    return {"embed": embeddings[0].numpy(), **seen, "logits": logits[0].numpy()}


def recurrence_activations(model, ids):
    """Site and layer to float64 [T, ...], and the logits."""
    seen = {}

    def see(site, layer, token, value):
        if site in SITES:
            seen.setdefault(f"{site}.{layer}", []).append(value[0])
        return value

    embeddings = model.embed([ids])
    logits = model.run(embeddings, see)
    stacked = {name: np.stack(values) for name, values in seen.items()}
    return {"embed": embeddings[0], **stacked, "logits": logits[0]}


def save(path, prompts, activations):
    tensors = {}
    for prompt, ids in prompts.items():
        tensors[f"{prompt}/input_ids"] = np.array(ids, dtype=np.int64)
        for name, value in activations[prompt].items():
            tensors[f"{prompt}/{name}"] = np.ascontiguousarray(value)
    save_file(tensors, path)


def largest_differences(single, double):
    """Site to the largest difference over prompts and layers, and to the largest share of the range in a layer."""
    worst = {}
    for prompt in single:
        assert single[prompt].keys() == double[prompt].keys()
        for name, exact in double[prompt].items():
            assert single[prompt][name].shape == exact.shape, name
            difference = np.abs(single[prompt][name] - exact).max()
            share = difference / (exact.max() - exact.min())
            site = name.split(".")[0]
            before = worst.get(site, (0.0, 0.0))
            worst[site] = (max(before[0], difference), max(before[1], share))
    return worst


def report(worst):
    print(f"| site | {' | '.join(worst)} |\n|---|{'--:|' * len(worst)}")
    for site in ("embed", *SITES, "logits"):
        numbers = (f"{worst[checkpoint][site][0]:.1e} ({worst[checkpoint][site][1]:.1e})" for checkpoint in worst)
        print(f"| `{site}` | {' | '.join(numbers)} |")


def main():
    torch.set_num_threads(1)
    worst = {}
    for checkpoint, prompts in PROMPTS.items():
        folder = HERE / checkpoint
        transformers, recurrence = Instrumented(folder), Recurrence(folder)
        single = {name: transformers_activations(transformers, ids) for name, ids in prompts.items()}
        double = {name: recurrence_activations(recurrence, ids) for name, ids in prompts.items()}
        save(folder / "activations_f32.safetensors", prompts, single)
        save(folder / "activations_f64.safetensors", prompts, double)
        worst[checkpoint] = largest_differences(single, double)
    report(worst)


if __name__ == "__main__":
    main()
