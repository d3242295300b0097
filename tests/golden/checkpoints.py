"""Writes the tiny random Mamba-1 checkpoints that every other golden here is computed from.

Weights come from numpy's PCG64 with a fixed seed, never from torch's initialisers, so that they do not
depend on torch's version. Their scales are chosen, not trained: each mixer's output is about as large as
the residual stream it is added to, time steps range from about 0.001 to above 1, and the final norm
spreads the logits so that the most probable token has a probability between 0.2 and 0.95.
"""

import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from transformers import MambaConfig, MambaForCausalLM

HERE = Path(__file__).parent

# Vocabulary of the state-spaces copy of `plain`: its embedding has 64 rows, the last three are padding.
PLAIN_VOCABULARY = 61
# `mamba_ssm` names only what differs from its own defaults: d_state 16, d_conv 4, expand 2, biased convolution.
WIDE_SSM_CONFIG = {"d_state": 4, "d_conv": 2, "expand": 3, "conv_bias": False}

SHAPES = {
    "plain": dict(seed=11, vocab_size=64, hidden_size=32, num_hidden_layers=3),
    "narrow": dict(
        seed=12, vocab_size=50, hidden_size=16, num_hidden_layers=4, state_size=8, conv_kernel=3, time_step_rank=5,
        use_bias=True, use_conv_bias=True, tie_word_embeddings=False, layer_norm_epsilon=1e-6,
    ),
    "wide": dict(
        seed=13, vocab_size=48, hidden_size=24, num_hidden_layers=5, state_size=4, conv_kernel=2, expand=3,
        use_conv_bias=False,
    ),
    "tokens": dict(seed=14, vocab_size=64, hidden_size=16, num_hidden_layers=12, state_size=4),
}


def inverse_softplus(step):
    return step + np.log(-np.expm1(-step))


def layer_weights(random, config):
    """One block's tensors, named as they are below `backbone.layers.<l>.`."""
    width, inner, states = config.hidden_size, config.intermediate_size, config.state_size
    kernel, rank = config.conv_kernel, config.time_step_rank
    normal = random.standard_normal
    step = np.exp(random.uniform(np.log(0.004), np.log(0.6), inner))
    weights = {
        "norm.weight": 1.0 + 0.2 * normal(width),
        "mixer.in_proj.weight": 1.0 * normal((2 * inner, width)) / np.sqrt(width),
        "mixer.conv1d.weight": 1.2 * normal((inner, 1, kernel)) / np.sqrt(kernel),
        "mixer.x_proj.weight": 0.8 * normal((rank + 2 * states, inner)) / np.sqrt(inner),
        "mixer.dt_proj.weight": 0.8 * normal((inner, rank)) / np.sqrt(rank),
        "mixer.dt_proj.bias": inverse_softplus(step),
        "mixer.A_log": np.log(0.4 * np.arange(1, states + 1)) + 0.3 * normal((inner, states)),
        "mixer.D": 0.8 + 0.3 * normal(inner),
        "mixer.out_proj.weight": 0.9 * normal((width, inner)) / np.sqrt(inner),
    }
    if config.use_bias:
        weights["mixer.in_proj.bias"] = 0.3 * normal(2 * inner)
        weights["mixer.out_proj.bias"] = 0.1 * normal(width)
    if config.use_conv_bias:
        weights["mixer.conv1d.bias"] = 0.3 * normal(inner)
    return weights


def random_model(shape):
    """A transformers model of this shape with seeded weights."""
    shape = dict(shape)
    random = np.random.Generator(np.random.PCG64(shape.pop("seed")))
    config = MambaConfig(**shape)
    width, vocabulary = config.hidden_size, config.vocab_size
    weights = {"backbone.embeddings.weight": 0.3 * random.standard_normal((vocabulary, width))}
    for layer in range(config.num_hidden_layers):
        for name, value in layer_weights(random, config).items():
            weights[f"backbone.layers.{layer}.{name}"] = value
    # Logits with a standard deviation near 2.6, whether the head is tied (rows of 0.3) or not.
    tied_scale = 2.6 / (0.3 * np.sqrt(width))
    final = tied_scale if config.tie_word_embeddings else 1.0
    weights["backbone.norm_f.weight"] = final * (1.0 + 0.2 * random.standard_normal(width))
    if config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["backbone.embeddings.weight"]
    else:
        weights["lm_head.weight"] = 2.6 * random.standard_normal((vocabulary, width)) / np.sqrt(width)
    model = MambaForCausalLM(config).eval()
    model.load_state_dict({name: torch.tensor(value, dtype=torch.float32) for name, value in weights.items()})
    return model


def empty_folder(name):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for old in [*folder.glob("*.bin"), *folder.glob("model*"), *folder.glob("*config.json")]:
        old.unlink()
    return folder


def save_transformers(model, name, **options):
    folder = empty_folder(name)
    model.save_pretrained(folder, **options)
    (folder / "generation_config.json").unlink(missing_ok=True)
    return folder


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def leave_sizes_to_the_reader(folder):
    """Puts "auto" back for the rank and drops the derived inner width, as hand-written configs have them."""
    config = json.loads((folder / "config.json").read_text())
    config["time_step_rank"] = "auto"
    del config["intermediate_size"]
    write_json(folder / "config.json", config)


def save_state_spaces(model, name, vocabulary, ssm_config):
    """The same weights as `mamba_ssm` stores them: its names, its config, torch's zip archive, the head stored."""
    folder = empty_folder(name)
    tensors = OrderedDict(
        (tensor.replace("backbone.embeddings.", "backbone.embedding."), value)
        for tensor, value in model.state_dict().items()
    )
    torch.save(tensors, folder / "pytorch_model.bin")
    config = {
        "d_model": model.config.hidden_size,
        "n_layer": model.config.num_hidden_layers,
        "vocab_size": vocabulary,
        "ssm_cfg": ssm_config,
        "rms_norm": True,
        "residual_in_fp32": True,
        "fused_add_norm": True,
        "pad_vocab_size_multiple": 8,
    }
    write_json(folder / "config.json", config)


def main():
    torch.set_num_threads(1)
    models = {name: random_model(shape) for name, shape in SHAPES.items()}
    for name, model in models.items():
        save_transformers(model, name)
    leave_sizes_to_the_reader(HERE / "plain")
    save_transformers(models["narrow"], "narrow_sharded", max_shard_size="20KB")
    save_state_spaces(models["plain"], "plain_state_spaces", PLAIN_VOCABULARY, {})
    save_state_spaces(models["wide"], "wide_state_spaces", models["wide"].config.vocab_size, WIDE_SSM_CONFIG)


if __name__ == "__main__":
    main()
