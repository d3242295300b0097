"""Latency of this kernel and of stock evcxr_jupyter, in one table.

Usage: tests/kernel/run makes the environment, then

    target/ci-tools/kernel-venv/bin/python benches/kernel_latency.py [--rounds 10] [--ours-only]

Needs `cargo build --release -p mambascope-kernel --bins --example stock`, the library built
(`cargo run --release -p mambascope-lab --example library`) and RUST_SRC_PATH where the toolchain
has no source of the standard library. Stock builds mambascope by `:dep`, which takes minutes; a folder named by
EVCXR_TMPDIR keeps what it built for the next time. Keep
the machine idle meanwhile; the load is printed beside the table.
"""

import argparse
import os
import pathlib
import re
import statistics
import tempfile
import time

import psutil
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
PROMPT = '"Books describe Vincent van Gogh as a great"'
TRACE = f'model.trace({PROMPT}).subject("Vincent van Gogh").corrupt(Noise::sigmas(3.0).samples(10).seed(1)).restore(..)'
# How long the trace itself takes, measured inside the cell's process.
ITSELF = f'let started = std::time::Instant::now(); {TRACE}.heatmap()?; println!("{{}}", started.elapsed().as_secs_f64());'


class Kernel:
    def __init__(self, name, argv, interrupt="message"):
        self.name = name
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(
            argv=argv, language="rust", interrupt_mode=interrupt, display_name=name
        )
        self.log = tempfile.TemporaryFile("w+")
        started = time.monotonic()
        self.manager.start_kernel(stderr=self.log)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.kernel_info()
        self.client.get_shell_msg(timeout=120)
        self.ready = time.monotonic() - started
        self.started = started

    def run(self, code):
        """Seconds of wall time, seconds of the whole tree's CPU time, and the text printed."""
        cpu = self.cpu()
        started = time.monotonic()
        sent = self.client.execute(code)
        text = ""
        while True:
            got = self.client.get_iopub_msg(timeout=1800)
            if got["parent_header"].get("msg_id") != sent:
                continue
            if got["msg_type"] == "stream" and got["content"]["name"] == "stdout":
                text += got["content"]["text"]
            if got["msg_type"] == "error":
                raise RuntimeError(f"{self.name}: {code}: {got['content']['evalue']}")
            if got["content"].get("execution_state") == "idle":
                break
        took = time.monotonic() - started
        return took, self.cpu() - cpu, text

    def cpu(self):
        process = psutil.Process(self.manager.provisioner.pid)
        total = 0.0
        for it in [process, *process.children(recursive=True)]:
            try:
                times = it.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.log.seek(0)
        return self.log.read()


def ours():
    return Kernel("mambascope", [str(TARGET / "mambascope-kernel"), "{connection_file}"])


def stock():
    return Kernel("stock", [str(TARGET / "examples" / "stock"), "--control_file", "{connection_file}"])


def median(kernel, code, rounds):
    runs = [kernel.run(code) for _ in range(rounds)]
    return statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs)


def measure(start, prepare, rounds):
    """Rows of the table for one kernel."""
    rows = {}
    readies, firsts, log = [], [], ""
    for _ in range(rounds if prepare is None else 1):
        kernel = start()
        readies.append(kernel.ready)
        if prepare:
            took, cpu, _ = kernel.run(prepare)
            rows[":dep and use, once"] = took, cpu
        kernel.run(f"let model = Model::bundled()?;\n{TRACE}.heatmap()?")
        firsts.append(time.monotonic() - kernel.started)
        log = kernel.stop()
    rows["kernel_info"] = statistics.median(readies), None
    rows["start to first heatmap"] = statistics.median(firsts), None
    kernel = start()
    if prepare:
        kernel.run(prepare)
    kernel.run("let model = Model::bundled()?;")
    itself = statistics.median(float(kernel.run(ITSELF)[2].split()[0]) for _ in range(3))
    heat = median(kernel, f"{TRACE}.heatmap()?", rounds)
    rows["the trace itself"] = itself, None
    rows["heatmap cell"] = heat
    rows["heatmap cell over the trace"] = heat[0] - itself, None
    rows["let x = vec![1, 2];"] = median(kernel, "let x = vec![1, 2];", rounds)
    rows['let t = Tensor...?'] = median(
        kernel, "let t = candle_core::Tensor::zeros((2, 3), candle_core::DType::F32, &candle_core::Device::Cpu)?;", rounds
    )
    rows["1 + 1"] = median(kernel, "1 + 1", rounds)
    rows['println!("x");'] = median(kernel, 'println!("x");', rounds)
    kernel.stop()
    return rows, "".join(re.findall("ready: .*", log))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--ours-only", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    columns = {}
    columns["mambascope"], parts = measure(ours, None, options.rounds)
    if not options.ours_only:
        dependency = ROOT / "crates" / "mambascope"
        # Stock evcxr has no folder to keep what it built; a fixed one spares it the second build.
        if "EVCXR_TMPDIR" not in os.environ:
            os.environ["EVCXR_TMPDIR"] = tempfile.mkdtemp(prefix="stock-")
        prepare = (
            f':dep mambascope = {{ path = "{dependency}" }}\n'
            ':dep candle-core = "0.11"\nuse mambascope::prelude::*;'
        )
        columns["stock"], _ = measure(stock, prepare, options.rounds)
    print(f"medians of {options.rounds}, seconds of wall time / of CPU time; load {load:.1f} before, {os.getloadavg()[0]:.1f} after\n")
    print("| | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    names = dict.fromkeys(name for rows in columns.values() for name in rows)
    for name in names:
        cells = []
        for rows in columns.values():
            wall, cpu = rows.get(name, (None, None))
            cells.append("" if wall is None else f"{wall:.2f}" + (f" / {cpu:.2f}" if cpu is not None else ""))
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nthe engine's own start, {parts}")


if __name__ == "__main__":
    main()
