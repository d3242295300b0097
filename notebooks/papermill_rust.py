#!/usr/bin/env python3
"""papermill for Rust notebooks: writes parameters as `let`s, after the cell with the tag `parameters`.

    python papermill_rust.py 02-where-is-the-fact.ipynb out.ipynb -p window 2 -p samples 20

All of papermill's options work. Numbers, truth values, texts and lists of them can be parameters. A variable of a notebook has
one type, known when it is made: a count is a `usize`, a negative number an `i64`, a number with a fraction an `f64`.
"""

import sys

from papermill.__main__ import papermill
from papermill.translators import Translator, papermill_translators


class RustTranslator(Translator):
    """How Rust writes values."""

    @classmethod
    def translate(cls, value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return f"{value}_usize" if value >= 0 else f"{value}_i64"
        if isinstance(value, float):
            return repr(value)
        if isinstance(value, str):
            return f"{cls.quoted(value)}.to_owned()"
        if isinstance(value, (list, tuple)):
            return f"vec![{', '.join(map(cls.translate, value))}]"
        raise TypeError(f"no Rust is known for {value!r}; give a number, a truth value, a text or a list of them")

    @staticmethod
    def quoted(text):
        letter = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        return '"' + "".join(letter.get(one, one) for one in text) + '"'

    @classmethod
    def comment(cls, text):
        return f"// {text}"

    @classmethod
    def assign(cls, name, value):
        return f"let {name} = {value};"


papermill_translators.register("rust", RustTranslator)

if __name__ == "__main__":
    sys.exit(papermill())
