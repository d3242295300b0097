"""A whole grid of causal tracing: `mambascope trace` beside ROME's program on transformers, in turns, on one machine.

    python -m venv .venv && .venv/bin/pip install -r benches/peers/requirements.txt
    cargo build --release && .venv/bin/python benches/peers/grid.py

Three maps at the shape of mamba-130m (random weights, prompt of 10 tokens or `--tokens`, subject 2..5, 10 samples): the residual one
layer at a time, mixer output and gated scan output ten at a time. Ours is the whole process, model loading included. Of
ROME's cells a sample is run, spread over the map, and its mean taken for all; `--full` runs every one.
"""

import argparse
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import torch
import transformers

import checkpoint
import rome

SUBJECT, DEVIATION = (2, 5), 0.1
SITES = ("resid", "mixer_out", "gated")

# An allocator that gives nothing back: torch's temporaries are then not mapped anew each time, which is its faster mode.
RETAINING = {"MALLOC_MMAP_THRESHOLD_": str(1 << 32), "MALLOC_TRIM_THRESHOLD_": str(1 << 36), "MALLOC_TOP_PAD_": str(1 << 28)}


def ours(program, folder, out, tokens):
    """Seconds of one process, and its scores by site."""
    ids = ",".join(str(token) for token in prompt(tokens))
    command = [program, "trace", "--ids", ids, "--subject-tokens", f"{SUBJECT[0]}..{SUBJECT[1]}"]
    command += ["--noise", str(DEVIATION), "--model", folder, "--out", out / "grid.npz"]
    for site in SITES:
        command += ["--site", site]
    environment = {name: value for name, value in os.environ.items() if name not in RETAINING}
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    seconds = time.perf_counter() - start
    return seconds, {site: numpy.load(out / f"grid_{site}.npz")["scores"] for site in SITES}


def prompt(tokens):
    return [1000 + 37 * token for token in range(tokens)]


def sample(tokens, layers, count):
    """Cells spread over a map: every so many, a step that meets all tokens and layers."""
    cells = [(token, layer) for token in range(tokens) for layer in range(layers)]
    return cells if count is None else cells[:: max(1, len(cells) // count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/mambascope", type=pathlib.Path)
    parser.add_argument("--tokens", default=10, type=int)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--cells", default=8, type=int, help="cells of ROME's program a map and round")
    parser.add_argument("--threads", default=2, type=int)
    parser.add_argument("--full", action="store_true", help="run every cell of ROME's program")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run(options, checkpoint.make(folder / "mamba-130m-shape"), folder)


def run(options, model, folder):
    traced = rome.Rome(checkpoint.load(model), prompt(options.tokens), SUBJECT, DEVIATION)
    cells = sample(options.tokens, traced.layers, None if options.full else options.cells)
    whole = len(SITES) * options.tokens * traced.layers
    mine, theirs, apart = [], [], 0.0
    for _ in range(1 if options.full else options.rounds):
        seconds, scores = ours(options.program.resolve(), model, folder, options.tokens)
        mine.append(seconds)
        spent = []
        for site in SITES:
            found, times = traced.timed(site, cells)
            spent += times
            pairs = zip(found, cells)
            apart = max([apart, *(abs(score - scores[site][cell]) for score, cell in pairs)])
        theirs.append(statistics.fmean(spent) * whole)
    print(f"{platform.processor() or platform.machine()}, {options.threads} threads; torch {torch.__version__}, transformers {transformers.__version__}")
    print(f"{whole} cells; ROME's program {'whole' if options.full else f'extrapolated from {len(cells)} cells a map and round'}")
    print(f"mambascope   {statistics.median(mine):8.2f} s  ({', '.join(f'{one:.2f}' for one in mine)})")
    print(f"transformers {statistics.median(theirs):8.2f} s  ({', '.join(f'{one:.2f}' for one in theirs)})")
    print(f"ratio        {statistics.median(t / m for t, m in zip(theirs, mine)):8.1f} x")
    print(f"largest difference of a score: {apart:.1e}")


if __name__ == "__main__":
    if not RETAINING.keys() <= os.environ.keys():
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | RETAINING)
    main()
