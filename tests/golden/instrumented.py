"""transformers' `MambaForCausalLM` on the CPU, in float32, with a tap at every site.

Where transformers has a module its own output is seen: norm, in_proj, x_proj, out_proj, mixer, block. Its
convolution and scan are functions; they are called as they are, with the activation, the skip or the gate
left out, and the factor left out is then applied by the expression that transformers has. The model's
logits stay bit-identical (`activations.py` asserts it). Only the state, which the scan function keeps to itself,
is computed again here, from that function's own arguments.
"""

from contextlib import contextmanager

import torch
import torch.nn.functional as F
from transformers import MambaForCausalLM
from transformers.activations import ACT2FN
from transformers.models.mamba import modeling_mamba


EVERY_SITE, WRITABLE_SITES = "every site", "writable sites"


def see_nothing(site, layer, value):
    return value


def states(x, delta, a, b):
    """The recurrence of the scan: x, delta [rows, E, T], a [E, N], b [rows, N, T] to states [rows, T, E, N]."""
    decay = torch.exp(a[None, :, None, :] * delta[:, :, :, None])
    write = delta[:, :, :, None] * b.transpose(1, 2)[:, None] * x[:, :, :, None]
    state, seen = torch.zeros_like(write[:, :, 0]), []
    for token in range(x.shape[-1]):
        state = decay[:, :, token] * state + write[:, :, token]
        seen.append(state)
    return torch.stack(seen, dim=1)


class Instrumented:
    """A checkpoint folder as transformers loads it.

    A tap is called as `tap(site, layer, value)` with `value` of shape [rows, T, ...]; what it returns for
    `scan_out`, `gate`, `gated`, `mixer_out` and `resid` is what the rest of the model sees.
    """

    def __init__(self, folder):
        self.model = MambaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.config = self.model.config
        self.layers = self.config.num_hidden_layers
        self.width = self.config.hidden_size
        self.tap, self.layer, self.depth = see_nothing, None, EVERY_SITE
        for layer, block in enumerate(self.model.backbone.layers):
            self.hook(layer, block)

    def hook(self, layer, block):
        def enter(module, arguments):
            self.layer = layer

        def split_inner(module, arguments, output):
            a, z = output.chunk(2, dim=-1)
            self.tap("conv_in", layer, a)
            self.tap("gate_in", layer, z)

        def split_scan(module, arguments, output):
            sizes = [self.config.time_step_rank, self.config.state_size, self.config.state_size]
            for site, part in zip(("delta_low", "b", "c"), torch.split(output, sizes, dim=-1)):
                self.tap(site, layer, part)

        def site(name):
            return lambda module, arguments, output: self.tap(name, layer, output)

        block.register_forward_pre_hook(enter)
        block.norm.register_forward_hook(site("norm_out"))
        block.mixer.in_proj.register_forward_hook(split_inner)
        block.mixer.x_proj.register_forward_hook(split_scan)
        block.mixer.register_forward_hook(site("mixer_out"))
        block.register_forward_hook(site("resid"))

    def convolution(self, original):
        def convolve(inputs, weight, bias=None, activation=None, **options):
            output = original(inputs, weight, bias, activation=None, **options)
            self.tap("conv_out", self.layer, output.transpose(1, 2))
            output = ACT2FN[activation](output)
            self.tap("scan_in", self.layer, output.transpose(1, 2))
            return output

        return convolve

    def scan(self, original):
        def scan(x, dt, a, b, c, D, z, delta_bias, **options):
            def see(site, value):
                return self.tap(site, self.layer, value.transpose(1, 2)).transpose(1, 2)

            delta = F.softplus(dt + delta_bias[..., None])
            self.tap("delta", self.layer, delta.transpose(1, 2))
            if self.depth == EVERY_SITE:
                self.tap("state", self.layer, states(x, delta, a, b))
                see("scan_read", original(x, dt, a, b, c, delta_bias=delta_bias, **options))
            output = see("scan_out", original(x, dt, a, b, c, D=D, delta_bias=delta_bias, **options))
            return see("gated", output * see("gate", F.silu(z)))

        return scan

    @contextmanager
    def tapped(self, tap):
        convolution, scan = modeling_mamba.causal_conv1d_fn, modeling_mamba.mamba_selective_scan
        modeling_mamba.causal_conv1d_fn = self.convolution(convolution)
        modeling_mamba.mamba_selective_scan = self.scan(scan)
        self.tap = tap
        try:
            yield
        finally:
            modeling_mamba.causal_conv1d_fn, modeling_mamba.mamba_selective_scan = convolution, scan
            self.tap = see_nothing

    def embed(self, ids):
        with torch.no_grad():
            return self.model.backbone.embeddings(torch.as_tensor(ids))

    def run(self, embeddings, tap=see_nothing, depth=EVERY_SITE):
        """Embeddings [rows, T, D] to logits [rows, T, V].

        At the depth WRITABLE_SITES the tap does not see `state` and `scan_read`, each of which costs another scan.
        """
        self.depth = depth
        with torch.no_grad(), self.tapped(tap):
            return self.model(inputs_embeds=embeddings, use_cache=False).logits
