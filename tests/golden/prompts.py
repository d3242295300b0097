"""The prompts whose activations are stored."""

# `padding` ends in an argmax beyond the 61 tokens of `plain_state_spaces`: one of its three padding rows.
PROMPTS = {
    "plain": {"one": [17], "seven": [43, 8, 25, 60, 2, 25, 31], "padding": [58, 8, 25]},
    "narrow": {"two": [49, 0], "fourteen": [3, 41, 7, 7, 19, 48, 22, 30, 1, 12, 36, 5, 28, 44]},
    "wide": {"three": [47, 20, 5], "eight": [0, 33, 14, 9, 46, 27, 2, 18]},
    "tokens": {"four": [63, 1, 30, 12], "six": [5, 50, 22, 22, 61, 40]},
}
