"""Compares the outputs of a cell with those that its notebook was committed with: kinds, text, numbers."""

import math
import re

# Probabilities are printed with up to four places, and other processors round the last one otherwise.
RELATIVE = 5e-3
ABSOLUTE = 3e-4

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.\d+(?:[eE][-+]?\d+)?(?![\w.])")
# A time is no result.
TIME = re.compile(r"\b\d+(?:\.\d+)? (?:ms|s|min|h)\b")


def meaningful(outputs):
    """The outputs that a reader judges: not how far a run was. Pieces of one stream are one text."""
    kept = []
    for output in outputs:
        if output.get("metadata", {}).get("mambascope") == "progress":
            continue
        if output["output_type"] == "stream" and kept and kept[-1].get("name") == output["name"]:
            kept[-1] = {**kept[-1], "text": text(kept[-1]["text"]) + text(output["text"])}
        else:
            kept.append(output)
    return kept


def text(value):
    return value if isinstance(value, str) else "".join(value)


def same_text(found, expected):
    """Whether two texts say the same, numbers with a fraction within the tolerance, all else to the letter."""
    found, expected = (TIME.sub("<time>", text(value)).strip() for value in (found, expected))
    if blank_numbers(found) != blank_numbers(expected):
        return False
    pairs = zip(NUMBER.findall(found), NUMBER.findall(expected), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=ABSOLUTE) for a, b in pairs)


def blank_numbers(value):
    # Blocks of a bar may tip from one height to the next with the last place of a number.
    value = re.sub("[▁▂▃▄▅▆▇█]", "▁", NUMBER.sub("<number>", value))
    return re.sub(r"[ \t]+", " ", value)


def differences(found, expected):
    """What differs between two lists of outputs, in words."""
    found, expected = meaningful(found), meaningful(expected)
    words = [f"{output['ename']}: {output['evalue']}" for output in found if output["output_type"] == "error"]
    if len(found) != len(expected):
        return [*words, f"{len(found)} outputs, expected {len(expected)}"]
    for number, (one, other) in enumerate(zip(found, expected)):
        words += [f"output {number}: {what}" for what in output_differences(one, other)]
    return words


def output_differences(found, expected):
    if found["output_type"] != expected["output_type"]:
        return [f"{found['output_type']}, expected {expected['output_type']}"]
    if found["output_type"] == "stream":
        if found["name"] != expected["name"]:
            return [f"on {found['name']}, expected on {expected['name']}"]
        return text_difference(found["text"], expected["text"])
    if found["output_type"] == "error":
        return []
    kinds, wanted = sorted(found["data"]), sorted(expected["data"])
    if kinds != wanted:
        return [f"is {kinds}, expected {wanted}"]
    return text_difference(found["data"].get("text/plain", ""), expected["data"].get("text/plain", ""))


def text_difference(found, expected):
    if same_text(found, expected):
        return []
    return [f"says\n{text(found)}\nexpected\n{text(expected)}"]
