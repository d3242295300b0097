"""Writes the sites that transformers does not name, and what becomes of the logits when any site is replaced.

Only numpy: the recurrence in float64. `<checkpoint>/sites_f64.safetensors` has `<prompt>/<site>.<layer>` beside those of
`activations_f64`, and `<checkpoint>/writes_f64.safetensors` has the logits [T, V] of a run in which the site of one token
in one layer became `replaced(value)`: `<site>.<layer>.<token>`, for the two states `<site>.<timing>.<layer>.<token>`.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from prompts import PROMPTS
from recurrence import ALL_SITES, SITES, Recurrence

HERE = Path(__file__).parent
WRITTEN = {"plain": "seven", "narrow": "fourteen", "wide": "eight"}
TIMINGS = ("read_through", "carry_only", "seed_compat")
STATES = ("state", "conv_state")
ENDS = ("embed", "final_norm", "logits")


def replaced(value):
    """Half of the value the other way round, and a wave over its numbers, counted row by row."""
    wave = 0.25 * np.cos(np.arange(value[0].size)).reshape(value.shape[1:])
    return -0.5 * value + wave


def read(model, ids):
    seen = {}

    def see(site, layer, token, value):
        if site not in SITES:
            seen.setdefault(f"{site}.{layer}", []).append(value[0])
        return value

    model.run(model.embed([ids]), see)
    return {name: np.stack(values) for name, values in seen.items()}


def write(model, ids, site, layer, token, timing="read_through"):
    """Logits of a run with one site of one token in one layer replaced."""

    def see(seen_site, seen_layer, seen_token, value):
        here = (seen_site, seen_layer, seen_token) == (site, layer, token)
        return replaced(value) if here else value

    embeddings = model.embed([ids])
    if site == "embed":
        embeddings[:, token] = replaced(embeddings[:, token])
    return model.run(embeddings, see, timing)[0]


def writes(model, ids):
    out = {}
    for site in ALL_SITES:
        layers = (0,) if site in ENDS else (0, model.layers - 1)
        tokens = (0, len(ids) // 2, len(ids) - 1)
        for layer in layers:
            for token in tokens:
                if site not in STATES:
                    out[f"{site}.{layer}.{token}"] = write(model, ids, site, layer, token)
                    continue
                for timing in TIMINGS:
                    out[f"{site}.{timing}.{layer}.{token}"] = write(model, ids, site, layer, token, timing)
    return out


def main():
    for checkpoint, prompts in PROMPTS.items():
        model = Recurrence(HERE / checkpoint)
        sites = {
            f"{prompt}/{name}": value for prompt, ids in prompts.items() for name, value in read(model, ids).items()
        }
        save_file(sites, HERE / checkpoint / "sites_f64.safetensors")
        if checkpoint in WRITTEN:
            ids = prompts[WRITTEN[checkpoint]]
            save_file(writes(model, ids), HERE / checkpoint / "writes_f64.safetensors")


if __name__ == "__main__":
    main()
