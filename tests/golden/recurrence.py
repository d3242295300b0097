"""Mamba-1 in float64 numpy, one token at a time, written from the equations and nothing else.

    u = rmsnorm(r); [a, z] = in_proj(u); c = conv(a) + bias; x = silu(c); [dt_low, B, C] = x_proj(x)
    delta = softplus(dt_proj(dt_low)); h_t = exp(delta A) h_{t-1} + delta B x; s = h_t C + D x
    o = out_proj(s silu(z)); r' = r + o

The outer loop goes over tokens, the inner one over layers: each layer keeps its last K convolution inputs
and its state, as a generating model does. Rows of a batch are independent.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

SITES = (
    "norm_out", "conv_in", "gate_in", "conv_out", "scan_in", "delta_low", "delta", "b", "c", "state", "scan_read",
    "scan_out", "gate", "gated", "mixer_out", "resid",
)
# Those that transformers computes nowhere by themselves come too.
ALL_SITES = (
    "embed", "resid_in", "norm_out", "conv_in", "gate_in", "conv_state", "conv_out", "scan_in", "delta_low", "delta",
    "delta_decay", "delta_write", "decay", "b", "write", "c", "state", "scan_read", "scan_out", "gate", "gated",
    "mixer_out", "resid_skip", "resid", "final_norm", "logits",
)


def silu(value):
    return value / (1.0 + np.exp(-value))


def softplus(value):
    return np.logaddexp(0.0, value)


def see_nothing(site, layer, token, value):
    return value


class Recurrence:
    """A checkpoint folder of the transformers dialect, its weights widened to float64.

    A tap is called as `tap(site, layer, token, value)` with `value` of shape [rows, ...] at every site;
    what it returns is what the rest of the model sees.
    """

    def __init__(self, folder):
        folder = Path(folder)
        self.config = json.loads((folder / "config.json").read_text())
        stored = load_file(folder / "model.safetensors")
        self.weights = {name: value.astype(np.float64) for name, value in stored.items()}
        self.layers = self.config["num_hidden_layers"]
        self.width = self.config["hidden_size"]
        self.inner = self.config["expand"] * self.width
        self.states = self.config["state_size"]
        rank = self.config["time_step_rank"]
        self.rank = -(-self.width // 16) if rank == "auto" else rank

    def embed(self, ids):
        return self.weights["backbone.embeddings.weight"][np.asarray(ids)]

    def norm(self, value, name):
        mean_square = np.mean(value * value, axis=-1, keepdims=True)
        return value / np.sqrt(mean_square + self.config["layer_norm_epsilon"]) * self.weights[name]

    def project(self, value, name):
        product = value @ self.weights[f"{name}.weight"].T
        return product + self.weights.get(f"{name}.bias", 0.0)

    def head(self, residual, see=lambda site, value: value):
        name = "backbone.embeddings" if self.config["tie_word_embeddings"] else "lm_head"
        return see("logits", self.project(see("final_norm", self.norm(residual, "backbone.norm_f.weight")), name))

    def block(self, residual, layer, memory, see, timing="read_through"):
        """One token through one block. `memory` holds the window [rows, E, K] and the state [rows, E, N].

        A state that the tap replaces is put in place before the token is processed (`seed_compat`, where there was a
        token before), after its update and before it is read (`read_through`), or after it is read (`carry_only`).
        """
        path = f"backbone.layers.{layer}"
        when = lambda time, site, value: see(site, value) if time == timing else value
        if memory["tokens"] > 0:
            memory["window"] = when("seed_compat", "conv_state", memory["window"])
            memory["state"] = when("seed_compat", "state", memory["state"])
        memory["tokens"] += 1
        residual = see("resid_in", residual)
        u = see("norm_out", self.norm(residual, f"{path}.norm.weight"))
        both = self.project(u, f"{path}.mixer.in_proj")
        a, z = see("conv_in", both[:, : self.inner]), see("gate_in", both[:, self.inner :])
        memory["window"] = np.concatenate([memory["window"][:, :, 1:], a[:, :, None]], axis=2)
        memory["window"] = when("read_through", "conv_state", memory["window"])
        taps = self.weights[f"{path}.mixer.conv1d.weight"][:, 0, :]
        convolved = np.sum(memory["window"] * taps, axis=2) + self.weights.get(f"{path}.mixer.conv1d.bias", 0.0)
        memory["window"] = when("carry_only", "conv_state", memory["window"])
        x = see("scan_in", silu(see("conv_out", convolved)))
        joint = x @ self.weights[f"{path}.mixer.x_proj.weight"].T
        low, b, c = np.split(joint, [self.rank, self.rank + self.states], axis=1)
        low, b, c = see("delta_low", low), see("b", b), see("c", c)
        delta = see("delta", softplus(self.project(low, f"{path}.mixer.dt_proj")))
        in_decay, in_write = see("delta_decay", delta), see("delta_write", delta)
        decay = see("decay", np.exp(in_decay[:, :, None] * -np.exp(self.weights[f"{path}.mixer.A_log"])))
        write = see("write", in_write[:, :, None] * b[:, None, :] * x[:, :, None])
        memory["state"] = when("read_through", "state", decay * memory["state"] + write)
        read = see("scan_read", np.sum(memory["state"] * c[:, None, :], axis=2))
        memory["state"] = when("carry_only", "state", memory["state"])
        s = see("scan_out", read + self.weights[f"{path}.mixer.D"] * x)
        gated = see("gated", s * see("gate", silu(z)))
        output = see("mixer_out", self.project(gated, f"{path}.mixer.out_proj"))
        return see("resid", see("resid_skip", residual) + output)

    def begin(self, rows):
        """What every layer remembers before a prompt."""
        return [
            {
                "window": np.zeros((rows, self.inner, self.config["conv_kernel"])),
                "state": np.zeros((rows, self.inner, self.states)),
                "tokens": 0,
            }
            for _ in range(self.layers)
        ]

    def run(self, embeddings, tap=see_nothing, timing="read_through"):
        """Embeddings [rows, T, D] to logits [rows, T, V]."""
        rows, tokens, _ = embeddings.shape
        memories = self.begin(rows)
        logits = []
        for token in range(tokens):
            residual = embeddings[:, token]
            for layer, memory in enumerate(memories):
                see = lambda site, value, layer=layer, token=token: tap(site, layer, token, value)
                residual = self.block(residual, layer, memory, see, timing)
            logits.append(self.head(residual, lambda site, value, token=token: tap(site, 0, token, value)))
        return np.stack(logits, axis=1)


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)
