"""ROME's causal tracing on transformers, each cell a forward pass of the clean row and all noisy rows, as published.

Algorithm: Meng et al. 2022, `trace_with_patch` and `trace_important_states` of experiments/causal_trace.py in kmeng01/rome,
written anew for the modules of transformers' Mamba.
"""

import contextlib
import time

import numpy
import torch

WINDOW = 10


def attach(model, site, layer, restore):
    """Hooks a site: the residual and the mixer's output are modules' outputs, the gated scan is what out_proj reads."""
    block = model.backbone.layers[layer]
    if site == "gated":
        return block.mixer.out_proj.register_forward_pre_hook(lambda _, inputs: restore(inputs[0]))
    module = {"resid": block, "mixer_out": block.mixer}[site]
    return module.register_forward_hook(
        lambda _, __, output: restore(output[0] if isinstance(output, tuple) else output)
    )


@contextlib.contextmanager
def hooked(model, subject, noise, restored, site, token):
    """Corrupts the subject of all rows but the first; restores one token of some layers from the first row."""
    handles = []

    def corrupt(_, __, output):
        output[1:, subject[0] : subject[1]] += torch.from_numpy(noise)
        return output

    def restore(rows):
        rows[1:, token] = rows[0, token]

    handles.append(model.backbone.embeddings.register_forward_hook(corrupt))
    for layer in restored:
        handles.append(attach(model, site, layer, restore))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class Rome:
    """One prompt, its subject, and the noise that every cell draws anew."""

    def __init__(self, model, ids, subject, deviation, samples=10, seed=1):
        self.model, self.ids, self.subject = model, ids, subject
        self.deviation, self.samples, self.seed = deviation, samples, seed
        self.layers = len(model.backbone.layers)
        self.batch = torch.tensor([ids] * (samples + 1))
        with torch.no_grad():
            logits = model(input_ids=self.batch[:1], use_cache=False).logits[0, -1]
        self.answer = int(logits.argmax())
        self.high = float(torch.softmax(logits, 0)[self.answer])

    def cell(self, site, token, layer):
        """p(answer) with one cell restored, averaged over the samples; `site` None restores nothing."""
        if site is None:
            restored = []
        elif site == "resid":
            restored = [layer]
        else:
            restored = range(max(0, layer - WINDOW // 2), min(self.layers, layer + WINDOW // 2))
        first, end = self.subject
        width = self.model.config.hidden_size
        draws = numpy.random.RandomState(self.seed).randn(self.samples, end - first, width)
        with hooked(self.model, self.subject, draws * self.deviation, restored, site, token), torch.no_grad():
            logits = self.model(input_ids=self.batch, use_cache=False).logits[1:, -1]
        return float(torch.softmax(logits, 1)[:, self.answer].mean())

    def timed(self, site, cells):
        """Scores of some cells, and the seconds that each took."""
        scores, seconds = [], []
        for token, layer in cells:
            start = time.perf_counter()
            scores.append(self.cell(site, token, layer))
            seconds.append(time.perf_counter() - start)
        return scores, seconds
