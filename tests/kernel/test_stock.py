"""What cells of the library show on stock evcxr_jupyter.

Stock is given the library that was built once, by its own configuration: building it by `:dep`
shows the same and takes minutes.
"""

import json
import os
import subprocess

import jupyter_client
import pytest
from conftest import ROOT, TARGET
from jupyter_client.kernelspec import KernelSpec

STOCK = TARGET / "release" / "examples" / "stock"
LIBRARY = TARGET / "release" / "examples" / "library"
PRELUDE = """use mambascope_facade::{anyhow, candle_core, candle_nn, mambascope, plotters, tokenizers};
use mambascope_facade::prelude::*;
"""


@pytest.fixture
def stock(tmp_path, monkeypatch):
    for program in (STOCK, LIBRARY):
        if not program.exists():
            pytest.skip(f"{program.relative_to(ROOT)} is not built")
    said = subprocess.run([LIBRARY], check=True, capture_output=True, text=True).stdout
    _, dependency, flags = said.split("\n")[:3]
    config, build = tmp_path / "config", tmp_path / "build"
    config.mkdir()
    build.mkdir()
    (config / "init.evcxr").write_text(
        f":build_env CARGO_ENCODED_RUSTFLAGS={flags}\n:offline 1\n:dep {dependency}\n"
    )
    (config / "prelude.rs").write_text(PRELUDE)
    monkeypatch.setenv("EVCXR_CONFIG_DIR", str(config))
    monkeypatch.setenv("EVCXR_TMPDIR", str(build))
    monkeypatch.setenv("RUSTFLAGS", "--cfg rust_analyzer")
    manager = jupyter_client.KernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[str(STOCK), "--control_file", "{connection_file}"], language="rust", display_name="stock"
    )
    manager.start_kernel(cwd=ROOT / "notebooks")
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_cells_show_themselves_on_stock(stock):
    shown = []

    def run(code):
        shown.clear()
        hook = lambda message: shown.append((message["msg_type"], message["content"]))
        reply = stock.execute_interactive(code, timeout=600, output_hook=hook)
        assert reply["content"]["status"] == "ok"
        return [content for kind, content in shown if kind == "execute_result"]

    assert run("let model = Model::bundled()?;") == []
    (heatmap,) = run(
        'model.trace("Books describe Vincent van Gogh as a great").subject("Vincent van Gogh")'
        ".restore(..).tokens(SubjectLast).heatmap()?"
    )
    assert heatmap["data"]["image/svg+xml"].startswith("<svg")
    assert "text/plain" in heatmap["data"]
    (number,) = run("vec![1, 2]")
    assert number["data"]["text/plain"] == "[1, 2]"
    assert not any("mambascope:" in str(content) for _, content in shown)


def mimes(outputs):
    """The types of what a cell shows."""
    return {mime for out in outputs for mime in out.get("data", {})}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("0*.ipynb")), ids=lambda path: path.stem)
def test_a_whole_notebook_runs_on_stock(stock, path):
    notebook = json.loads(path.read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 5
    for cell in cells:
        shown = []
        hook = lambda message: shown.append((message["msg_type"], message["content"]))
        code = "".join(cell["source"])
        reply = stock.execute_interactive(code, timeout=600, output_hook=hook)
        errors = [content for kind, content in shown if kind == "error"]
        assert reply["content"]["status"] == "ok" and not errors, (code, errors)
        shown = {kind: [content for other, content in shown if other == kind] for kind, _ in shown}
        kinds = {out["output_type"] for out in cell["outputs"]}
        if "execute_result" in kinds:
            committed = [out for out in cell["outputs"] if out["output_type"] == "execute_result"]
            assert mimes(shown["execute_result"]) == mimes(committed), code
        elif "display_data" in kinds:
            # Stock keeps one picture a cell; those shown before the cell's end are text there.
            assert any(content["text"].strip() for content in shown["stream"]), code
