"""The knock-outs that `knock_out.py` computes: who does not see whom, through what, in which layers.

Prompts are those of `cases.py` whose answer has a probability far from 0 and 1, and the shortest ones.
"""

from dataclasses import dataclass, replace

from cases import CASES


@dataclass(frozen=True)
class KnockOut:
    """Ranges are [first, end). Without a window `layers` are cut together; with one they are its centres."""

    checkpoint: str
    ids: tuple[int, ...]
    subject: tuple[int, int]
    # Sources and targets; each pair is a row of scores.
    pairs: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    layers: tuple[int, int]
    window: int | None = None
    convention: str = "code"
    # Whether each source is a row of its own.
    each: bool = False
    lanes: tuple[str, ...] = ("scan", "convolution")
    removal: str = "invisible"
    # Which end of the ranking is cut, and what share of the channels.
    channels: tuple[str, float] | None = None
    rest: str = "whole"
    # Prompts whose mean stands for the sources.
    mean: tuple[tuple[int, ...], ...] = ()
    # How many rows of the head are tokens, where some are padding.
    vocabulary: int | None = None


def on(case, layers, *pairs, **more):
    return KnockOut(case.checkpoint, case.ids, case.subject, pairs, layers, **more)


PLAIN, NARROW, WIDE, TEN = (CASES[name] for name in ("plain_three_samples", "narrow_seed_seven", "wide", "ten"))
# All layers of each.
THREE, FOUR, FIVE, TWELVE = (0, 3), (0, 4), (0, 5), (0, 12)
SCAN, CONVOLUTION = ("scan",), ("convolution",)
# Eight tokens of `plain`, nine of `narrow`, seven of `wide`, ten of `tokens`.
PLAIN_LAST, NARROW_LAST, WIDE_LAST, TEN_LAST = (7, 8), (8, 9), (6, 7), (9, 10)

MANY = (
    ((0, 1), NARROW_LAST), ((1, 4), NARROW_LAST), ((1, 4), (4, 9)), ((2, 3), (5, 7)), ((4, 6), (2, 9)),
    ((3, 7), (5, 8)),
)
BLIND = on(NARROW, FOUR, *MANY, window=1)
CHANNELS = on(WIDE, FIVE, ((2, 4), WIDE_LAST), ((0, 1), (3, 7)), ((3, 6), (4, 7)), window=2)
FOREIGN = ((3, 41, 7, 7, 19), (48, 22), (30, 1, 12))

KNOCK_OUTS = {
    "plain_together": on(PLAIN, THREE, (PLAIN.subject, PLAIN_LAST)),
    "plain_some_layers": on(PLAIN, (1, 3), (PLAIN.subject, PLAIN_LAST), ((0, 1), (3, 6))),
    "plain_scan": on(
        PLAIN, THREE, (PLAIN.subject, PLAIN_LAST), ((0, 1), PLAIN_LAST), ((3, 4), (5, 8)), window=1, lanes=SCAN,
    ),
    "plain_convolution": on(
        PLAIN, THREE, ((4, 5), (5, 8)), ((5, 8), PLAIN_LAST), ((0, 1), (0, 4)), ((0, 2), PLAIN_LAST), window=2,
        lanes=CONVOLUTION,
    ),
    "plain_each": on(PLAIN, THREE, ((0, 8), PLAIN_LAST), window=1, each=True),
    "plain_slowest_undecayed": on(
        PLAIN, THREE, (PLAIN.subject, PLAIN_LAST), ((1, 3), (2, 6)), window=1, channels=("slowest", 0.25),
        rest="undecayed",
    ),
    "plain_mean": on(PLAIN, THREE, (PLAIN.subject, PLAIN_LAST), ((0, 1), PLAIN_LAST), window=2, mean=FOREIGN),
    "narrow_both": BLIND,
    "narrow_scan": replace(BLIND, lanes=SCAN),
    "narrow_convolution": replace(BLIND, lanes=CONVOLUTION),
    "narrow_write": replace(BLIND, removal="write"),
    "narrow_write_scan": replace(BLIND, removal="write", lanes=SCAN, window=2),
    "narrow_two_code": replace(BLIND, window=2),
    "narrow_two_paper": replace(BLIND, window=2, convention="paper"),
    "narrow_nine": replace(BLIND, window=9),
    "narrow_fastest_undecayed": replace(BLIND, channels=("fastest", 2 / 3), rest="undecayed"),
    "narrow_fewest_undecayed": replace(BLIND, channels=("slowest", 0.01), rest="undecayed", lanes=SCAN, window=3),
    "narrow_each_to_some": on(NARROW, FOUR, ((0, 9), (3, 6)), window=2, each=True, lanes=SCAN),
    "narrow_mean": on(NARROW, FOUR, *MANY, window=1, mean=FOREIGN),
    "narrow_mean_each": on(NARROW, FOUR, ((0, 9), NARROW_LAST), window=3, each=True, mean=FOREIGN),
    "wide_slowest": replace(CHANNELS, channels=("slowest", 0.25)),
    "wide_fastest": replace(CHANNELS, channels=("fastest", 0.4), lanes=SCAN),
    "wide_fastest_write": replace(CHANNELS, channels=("fastest", 1 / 3), removal="write"),
    "wide_all_by_share": replace(CHANNELS, channels=("fastest", 1.0), rest="undecayed"),
    "tokens_ten_code": on(TEN, TWELVE, (TEN.subject, TEN_LAST), ((5, 9), TEN_LAST), window=10),
    "tokens_ten_paper": on(
        TEN, TWELVE, (TEN.subject, TEN_LAST), ((0, 2), (4, 10)), window=10, convention="paper", lanes=SCAN,
    ),
    "tokens_some_centres": on(TEN, (3, 9), ((4, 5), TEN_LAST), (TEN.subject, (5, 9)), window=4, removal="write"),
    "tokens_undecayed": on(
        TEN, TWELVE, (TEN.subject, TEN_LAST), ((2, 7), (6, 9)), window=3, channels=("fastest", 2 / 3), rest="undecayed",
        lanes=SCAN,
    ),
    "tokens_mean": on(TEN, TWELVE, (TEN.subject, TEN_LAST), ((8, 10), TEN_LAST), window=10, mean=FOREIGN),
    "two_tokens": on(CASES["two_tokens"], TWELVE, ((0, 1), (1, 2)), ((1, 2), (1, 2)), ((0, 2), (0, 2)), window=1),
    "one_token": KnockOut("plain", (17,), (0, 1), (((0, 1), (0, 1)),), THREE),
    "plain_state_spaces": KnockOut(
        "plain_state_spaces", (58, 8, 25), (0, 1), (((0, 1), (2, 3)), ((0, 1), (1, 3)), ((1, 3), (2, 3))), THREE,
        window=1, vocabulary=61,
    ),
    "wide_state_spaces": replace(CHANNELS, checkpoint="wide_state_spaces", window=5, convention="paper"),
    "narrow_sharded": replace(BLIND, checkpoint="narrow_sharded", window=4, convention="paper", removal="write"),
}
