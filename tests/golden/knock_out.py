"""Knock-outs in float64 numpy, from what they mean: p(answer) when some tokens do not see some others.

In the layers that are cut each target token walks its convolution window, and the scan from the first token on, by
itself, and passes over what it does not see. Where sources and targets overlap, a token does not see itself. Each
token has one convolution output and so one write, which every later token sees that may.

    convolution   c_t = bias + sum over the window of tap a_j, j not a source
    invisible     h as it was before the source: no decay by it, no write
    write         h decays by the source's time step, without its write
    the rest      channels that are not cut: `whole` as if nothing were, `undecayed` h + write

With a mean (retention knock-out) the convolution's inputs change instead: of the sources they are the mean over all
tokens of some other prompts, of other tokens but the targets those of the clean run.

`knock_out.npz` has `<case>/<key>` of every case; see the README.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cases import window_layers
from knock_out_cases import KNOCK_OUTS
from recurrence import Recurrence, silu, softmax, softplus

HERE = Path(__file__).parent
# The folders of other dialects, and those with the same weights in the one that is read here.
TWINS = {"plain_state_spaces": "plain", "wide_state_spaces": "wide", "narrow_sharded": "narrow"}


@dataclass(frozen=True)
class Cut:
    """One score: who does not see whom in which layers, by the rules of a case."""

    case: object
    sources: range
    targets: range
    layers: range

    def hides(self, layer, lane, target, source):
        cut = layer in self.layers and lane in self.case.lanes and not self.case.mean
        return cut and target in self.targets and source in self.sources


class Layers(Recurrence):
    """The same model, a layer after the other, each token of a layer by itself."""

    def whole_block(self, residual, layer, cut, inputs):
        """Residuals [T, D] to residuals; `inputs` sees and may replace the convolution's, [T, E]."""
        path = f"backbone.layers.{layer}.mixer"
        tokens = range(len(residual))
        both = self.project(self.norm(residual, f"backbone.layers.{layer}.norm.weight"), f"{path}.in_proj")
        a, z = inputs(layer, both[:, : self.inner]), both[:, self.inner :]
        x = silu(np.stack([self.convolved(a, layer, token, cut) for token in tokens]))
        joint = x @ self.weights[f"{path}.x_proj.weight"].T
        low, b, c = np.split(joint, [self.rank, self.rank + self.states], axis=1)
        delta = softplus(self.project(low, f"{path}.dt_proj"))
        decay = np.exp(delta[:, :, None] * -np.exp(self.weights[f"{path}.A_log"]))
        write = delta[:, :, None] * b[:, None, :] * x[:, :, None]
        read = np.stack([self.state(decay, write, layer, token, cut) @ c[token] for token in tokens])
        s = read + self.weights[f"{path}.D"] * x
        return residual + self.project(s * silu(z), f"{path}.out_proj")

    def convolved(self, a, layer, token, cut):
        path = f"backbone.layers.{layer}.mixer.conv1d"
        taps = self.weights[f"{path}.weight"][:, 0, :]
        total = np.zeros(self.inner) + self.weights.get(f"{path}.bias", 0.0)
        for place in range(self.config["conv_kernel"]):
            source = token - (self.config["conv_kernel"] - 1) + place
            if source >= 0 and not (cut and cut.hides(layer, "convolution", token, source)):
                total = total + taps[:, place] * a[source]
        return total

    def state(self, decay, write, layer, token, cut):
        """What a token sees of the tokens up to itself, [E, N]."""
        state = np.zeros((self.inner, self.states))
        for source in range(token + 1):
            seen = decay[source] * state + write[source]
            if cut and cut.hides(layer, "scan", token, source):
                gone = state if cut.case.removal == "invisible" else decay[source] * state
                left = seen if cut.case.rest == "whole" else state + write[source]
                seen = np.where(self.chosen(layer, cut.case.channels)[:, None], gone, left)
            state = seen
        return state

    def chosen(self, layer, channels):
        """Which channels are cut: a share of them, ranked by the sum of exp(-exp(A_log)) over states; at least one."""
        if channels is None:
            return np.ones(self.inner, dtype=bool)
        end, share = channels
        kept = np.exp(-np.exp(self.weights[f"backbone.layers.{layer}.mixer.A_log"])).sum(axis=1)
        assert len(set(kept)) == self.inner, "no two channels are alike"
        order = np.argsort(-kept if end == "slowest" else kept)
        return np.isin(np.arange(self.inner), order[: max(1, round(self.inner * share))])

    def logits(self, ids, cut=None, inputs=lambda layer, a: a):
        """Logits [T, V]."""
        residual = self.embed(ids)
        for layer in range(self.layers):
            residual = self.whole_block(residual, layer, cut, inputs)
        return self.head(residual)

    def convolution_inputs(self, ids):
        """Those of the clean run, by layer."""
        seen = {}

        def see(layer, a):
            seen[layer] = a
            return a

        self.logits(ids, inputs=see)
        return seen


def retained(model, cut):
    """What replaces the convolution's inputs of a run."""
    clean = model.convolution_inputs(cut.case.ids)
    others = [model.convolution_inputs(ids) for ids in cut.case.mean]

    def inputs(layer, a):
        if layer not in cut.layers:
            return a
        mean = np.concatenate([other[layer] for other in others]).mean(axis=0)
        rows = [
            mean if token in cut.sources else now if token in cut.targets else before
            for token, (now, before) in enumerate(zip(a, clean[layer]))
        ]
        return np.stack(rows)

    return inputs


def rows(case):
    """Sources and targets of each row; a source after all targets, alone, is no row: nobody could see it."""
    for sources, targets in case.pairs:
        if not case.each:
            yield range(*sources), range(*targets)
            continue
        for source in range(*sources):
            if source < targets[1]:
                yield range(source, source + 1), range(*targets)


def columns(case, layers):
    if case.window is None:
        return [range(*case.layers)]
    return [window_layers(centre, case.window, case.convention, layers) for centre in range(*case.layers)]


def knocked_out(case):
    model = Layers(HERE / TWINS.get(case.checkpoint, case.checkpoint))
    clean = model.logits(case.ids)
    assert np.abs(clean - model.run(model.embed([case.ids]))[0]).max() < 1e-12
    answer = int(clean[-1, : case.vocabulary].argmax())
    pairs, runs = list(rows(case)), columns(case, model.layers)

    def score(sources, targets, layers):
        cut = Cut(case, sources, targets, layers)
        changed = {"inputs": retained(model, cut)} if case.mean else {}
        return softmax(model.logits(case.ids, cut, **changed)[-1])[answer]

    ends = lambda ranges: np.array([(each.start, each.stop) for each in ranges])
    return {
        "checkpoint": np.array(case.checkpoint),
        "ids": np.array(case.ids),
        "subject": np.array(case.subject),
        "from": ends([sources for sources, _ in pairs]),
        "to": ends([targets for _, targets in pairs]),
        "layers": ends(runs),
        "answer_id": np.array(answer),
        "high": softmax(clean[-1])[answer],
        "scores": np.array([[score(*pair, layers) for layers in runs] for pair in pairs]),
    }


def main():
    golden = {}
    print("| case | scores | high | lowest | highest |\n|---|--:|--:|--:|--:|")
    for name, case in KNOCK_OUTS.items():
        found = knocked_out(case)
        golden.update({f"{name}/{key}": value for key, value in found.items()})
        scores = found["scores"]
        size = "×".join(map(str, scores.shape))
        print(f"| `{name}` | {size} | {found['high']:.3f} | {scores.min():.3f} | {scores.max():.3f} |", flush=True)
    np.savez(HERE / "knock_out.npz", allow_pickle=False, **golden)


if __name__ == "__main__":
    main()
