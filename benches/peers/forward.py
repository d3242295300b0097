"""Reading a prompt and writing tokens: `mambascope bench` beside transformers, in turns, on one machine.

    .venv/bin/python benches/peers/forward.py

At the shape of mamba-130m (random weights): a prompt of 128 tokens with the logits behind its last, and one further token
after another. Each round runs both; the ratio is the median over rounds.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import transformers

import checkpoint
from grid import RETAINING

PROMPT, NEXT = 128, 24


def ours(program, folder, threads):
    """Seconds of the prompt and of a token, and the share of the memory's bandwidth that a token reaches."""
    command = [program, "bench", "--model", folder, "--kind", "prompt", "--kind", "tokens", "--json"]
    environment = {name: value for name, value in os.environ.items() if name not in RETAINING}
    environment["MAMBASCOPE_THREADS"] = str(threads)
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    rows = {row["kind"]: row for row in json.loads(ran.stdout)["rows"]}
    prompt, token = rows["prompt"], rows["tokens"]
    return prompt["seconds"], token["seconds"], token["other"] / token["seconds"]


def theirs(model):
    """Seconds of the prompt, the shortest of three, and the median of a token."""
    ids = torch.tensor([[1000 + 37 * token for token in range(PROMPT)]])
    seconds = []
    with torch.no_grad():
        for _ in range(3):
            start = time.perf_counter()
            model(input_ids=ids, use_cache=False, logits_to_keep=1)
            seconds.append(time.perf_counter() - start)
        cache = model(input_ids=ids[:, :4], use_cache=True).cache_params
        tokens = []
        for place in range(NEXT):
            start = time.perf_counter()
            cache = model(input_ids=ids[:, 4 + place : 5 + place], cache_params=cache, use_cache=True).cache_params
            tokens.append(time.perf_counter() - start)
    return min(seconds), statistics.median(tokens)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/mambascope", type=pathlib.Path)
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--threads", default=2, type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        folder = checkpoint.make(pathlib.Path(folder) / "mamba-130m-shape")
        model = checkpoint.load(folder)
        rounds = [(ours(options.program.resolve(), folder, options.threads), theirs(model)) for _ in range(options.rounds)]
    print(f"{options.threads} threads; torch {torch.__version__}, transformers {transformers.__version__}")
    for place, (name, tokens) in enumerate([(f"prompt of {PROMPT}", PROMPT), ("next token", 1)]):
        mine = statistics.median(tokens / one[place] for one, _ in rounds)
        other = statistics.median(tokens / two[place] for _, two in rounds)
        ratio = statistics.median(two[place] / one[place] for one, two in rounds)
        print(f"{name:<14} mambascope {mine:8.0f} tokens/s   transformers {other:8.0f} tokens/s   ratio {ratio:6.1f} x")
    share = statistics.median(one[2] for one, _ in rounds)
    print(f"next token: {100 * share:.0f} % of the bandwidth that main memory was read with in turns")


if __name__ == "__main__":
    if not RETAINING.keys() <= os.environ.keys():
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | RETAINING)
    main()
