"""Parameters become Rust."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "notebooks"))

from papermill_rust import RustTranslator  # noqa: E402


def test_values_are_written_as_rust_writes_them():
    values = {"n": 3, "back": -2, "p": 0.5, "on": True, "who": 'a "b"\n', "sites": [1, 2]}
    code = RustTranslator.codify(values, "Parameters").splitlines()
    assert code == [
        "// Parameters",
        "let n = 3_usize;",
        "let back = -2_i64;",
        "let p = 0.5;",
        "let on = true;",
        'let who = "a \\"b\\"\\n".to_owned();',
        "let sites = vec![1_usize, 2_usize];",
    ]
