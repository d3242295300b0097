"""The prompts that `rome.py` traces, and at which sites and windows.

Ids are random ones whose answer has a probability between 0.3 and 0.9 that the noise takes most of away.
"""

from dataclasses import dataclass, field

SITES = ("mixer_out", "scan_out", "gate", "gated")
RESID = ("resid", 1, "code")


@dataclass(frozen=True)
class Case:
    """One prompt, how it is corrupted, and the maps wanted of it as (site, window, convention)."""

    checkpoint: str
    ids: tuple[int, ...]
    subject: tuple[int, int]
    scale: float
    kind: str = "gaussian"
    combine: str = "add"
    seed: int = 1
    samples: int = 10
    maps: tuple = (RESID, *((site, 10, "code") for site in SITES))
    # Maps whose every sample is stored.
    in_full: tuple = ()
    # Subjects, as ids, whose embeddings give sigma; the scale is then in sigmas.
    sigma_subjects: tuple = field(default=())


def window_layers(center, window, convention, layers):
    """ROME's code has center - window//2 first; its paper has one layer less before the centre and one more after."""
    before, after = window // 2, -(-window // 2) - 1
    if convention == "paper":
        before, after = after, before
    return range(max(0, center - before), min(layers, center + after + 1))


# Both conventions, and windows of one layer, of an odd and of an even number of layers, and wide ones.
LADDER = (
    RESID,
    *((site, window, "code") for site in ("mixer_out", "scan_out", "gate") for window in (1, 3, 10)),
    *((site, 10, "paper") for site in ("mixer_out", "scan_out", "gate")),
    *(("mixer_out", window, "paper") for window in (3, 4)),
    ("mixer_out", 4, "code"),
    ("gated", 10, "code"),
)
# For models of three to five layers, where a window of ten would be the whole model.
SHALLOW = (RESID, *((site, 3, "code") for site in SITES), ("scan_out", 2, "code"), ("scan_out", 2, "paper"))

CASES = {
    "ten": Case("tokens", (46, 16, 27, 8, 28, 2, 35, 13, 41, 57), (2, 5), 0.3, maps=LADDER),
    "one_token_subject": Case("tokens", (53, 46, 33, 44, 23, 47, 57, 34), (3, 4), 0.4),
    "subject_at_start": Case("tokens", (45, 57, 6, 19, 43, 24, 29), (0, 3), 0.3),
    "subject_ends_before_last": Case("tokens", (32, 41, 47, 59, 24, 37), (2, 5), 0.3),
    "subject_ends_at_last": Case(
        "tokens", (17, 14, 9, 61, 53, 4), (4, 6), 0.3, maps=(RESID, ("mixer_out", 10, "code")),
    ),
    "repeated_subject": Case("tokens", (16, 56, 12, 47, 61, 56, 12, 23, 51), (1, 3), 0.3),
    "two_tokens": Case("tokens", (7, 43), (0, 1), 0.3, in_full=("resid", "scan_out")),
    "uniform": Case("tokens", (47, 28, 2, 13, 53, 29, 25, 10), (2, 5), 0.2, kind="uniform"),
    "replaced": Case("tokens", (62, 14, 18, 25, 53, 29, 38, 18), (3, 5), 0.3, combine="replace"),
    "three_sigma": Case(
        "tokens", (27, 8, 14, 59, 41, 44), (1, 3), 3.0,
        sigma_subjects=((8, 14), (33,), (5, 60, 21), (8, 14), (2, 2, 9, 40)),
    ),
    "narrow_seed_seven": Case("narrow", (33, 8, 30, 33, 15, 22, 34, 12, 4), (1, 4), 0.5, seed=7, maps=SHALLOW),
    "plain_three_samples": Case(
        "plain", (15, 19, 30, 42, 4, 29, 50, 32), (2, 5), 0.5, samples=3, maps=SHALLOW,
        in_full=("resid", *SITES),
    ),
    "plain_all_but_last": Case("plain", (18, 48, 10, 47, 46, 32), (0, 5), 0.5, maps=SHALLOW),
    "wide": Case("wide", (1, 39, 4, 4, 23, 0, 20), (2, 4), 0.5, maps=SHALLOW),
}
