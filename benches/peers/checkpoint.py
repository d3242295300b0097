"""A seeded random checkpoint in the shape of state-spaces/mamba-130m, in the dialect of transformers."""

import pathlib

import torch
from transformers import MambaConfig, MambaForCausalLM


def make(folder, seed=1):
    """Writes the checkpoint, where it is not there yet."""
    folder = pathlib.Path(folder)
    if not (folder / "model.safetensors").exists():
        torch.manual_seed(seed)
        config = MambaConfig(
            vocab_size=50280,
            hidden_size=768,
            state_size=16,
            num_hidden_layers=24,
            conv_kernel=4,
            expand=2,
            time_step_rank=48,
        )
        MambaForCausalLM(config).save_pretrained(folder)
    return folder


def load(folder):
    """The checkpoint in transformers, in f32, ready to run."""
    return MambaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
