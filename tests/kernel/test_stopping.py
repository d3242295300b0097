"""Interrupts, deaths and orphans."""

import json
import math
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

import psutil
import pytest
from conftest import Kernel

LONG = (
    'let result = model.trace("Books describe Vincent van Gogh as a great").subject("Vincent van Gogh")'
    ".corrupt(Noise::sigmas(3.0).samples(100_000).seed(1)).restore(..).run()?;"
)


def zeros(folder):
    """A checkpoint of five gigabytes of zeros, which take no room on the disk."""
    width, layers, inner, rank, state, taps, vocabulary = 2048, 48, 4096, 128, 16, 4, 50280
    shapes = {"backbone.embedding.weight": [vocabulary, width], "backbone.norm_f.weight": [width]}
    for layer in range(layers):
        block = {
            "norm.weight": [width],
            "mixer.in_proj.weight": [2 * inner, width],
            "mixer.conv1d.weight": [inner, 1, taps],
            "mixer.conv1d.bias": [inner],
            "mixer.x_proj.weight": [rank + 2 * state, inner],
            "mixer.dt_proj.weight": [inner, rank],
            "mixer.dt_proj.bias": [inner],
            "mixer.A_log": [inner, state],
            "mixer.D": [inner],
            "mixer.out_proj.weight": [width, inner],
        }
        shapes |= {f"backbone.layers.{layer}.{name}": shape for name, shape in block.items()}
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    header = json.dumps(header).encode()
    folder.mkdir()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + end)
    config = {"model_type": "mamba", "hidden_size": width, "num_hidden_layers": layers, "vocab_size": vocabulary}
    config |= {"intermediate_size": inner, "state_size": state, "conv_kernel": taps, "time_step_rank": rank}
    config |= {"layer_norm_epsilon": 1e-5, "use_bias": False, "use_conv_bias": True, "tie_word_embeddings": True}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def busy(process, seconds=0.3):
    """Whether a process is computing."""
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    return (after.user - before.user) > seconds / 10


def test_an_interrupt_stops_a_trace_and_keeps_variables(fresh):
    assert fresh.run("let model = Model::bundled()?; let mine = vec![4, 5];").status == "ok"
    child = fresh.child()
    sent = fresh.send(LONG)
    assert wait_for(lambda: busy(child), 60)
    asked = time.monotonic()
    fresh.interrupt()
    ran = fresh.end(sent, 60)
    took = time.monotonic() - asked
    assert ran.status == "error", ran.messages
    # On a machine that is busy with other things, a second is not a second.
    busy_elsewhere = max(1.0, os.getloadavg()[0] / os.cpu_count())
    assert took < busy_elsewhere, took
    assert fresh.run("mine").value == "[4, 5]"
    assert fresh.run("model.trace([1, 2, 3]).subject(1..2).corrupt(Noise::gaussian(0.5)).run()?;").status == "ok"
    assert fresh.child().pid == child.pid


def stopped_once_a_bar_shows(fresh, code):
    """What a cell says that is interrupted when its progress bar is there, and how long it then took to end."""
    message = fresh.send(code)
    for kind, content in fresh.outputs(message, until_idle=False, timeout=120):
        if kind == "display_data" and "<progress" in content["data"].get("text/html", ""):
            break
    asked = time.monotonic()
    fresh.interrupt()
    ran = fresh.end(message, 60)
    return ran, time.monotonic() - asked


def test_an_interrupt_stops_a_recording_and_a_load(fresh, tmp_path):
    assert fresh.run("let model = Model::bundled()?; let mine = vec![4, 5];").status == "ok"
    child = fresh.child()
    busy_elsewhere = max(1.0, os.getloadavg()[0] / os.cpu_count())
    large = zeros(tmp_path / "zeros")
    cells = [
        ("let acts = model.record(vec![7; 100_000], (Site::Gate, 7))?;", "the run was stopped"),
        (f'let large = Model::load("{large}")?;', "the load was stopped"),
    ]
    for code, words in cells:
        ran, took = stopped_once_a_bar_shows(fresh, code)
        assert ran.status == "error" and words in str(ran.error), ran.messages
        assert took < busy_elsewhere, (code, took)
        assert fresh.run("mine").value == "[4, 5]"
    assert fresh.child().pid == child.pid


def test_a_second_interrupt_ends_the_process_and_says_so(fresh):
    assert fresh.run("let lost = 1; fn item() -> u8 { 9 }").status == "ok"
    child = fresh.child()
    sent = fresh.send("loop { std::thread::sleep(std::time::Duration::from_millis(5)); }")
    time.sleep(3)
    fresh.interrupt()
    time.sleep(1.5)
    fresh.interrupt()
    ran = fresh.end(sent, 60)
    assert ran.status == "error" and ran.error["ename"] == "Interrupted"
    assert "variables are lost" in ran.error["evalue"]
    assert "second interrupt ends the process" in ran.text("stderr")
    assert not child.is_running()
    assert fresh.run("lost").status == "error"
    assert fresh.run("item()").value == "9"


def test_cells_behind_a_failure_are_aborted(kernel):
    sent = [kernel.send(code) for code in ['panic!("first")', "1", "let never = 1;"]]
    statuses = [kernel.reply(one)["status"] for one in sent]
    assert statuses == ["error", "aborted", "aborted"]
    assert kernel.run("never").status == "error"
    assert kernel.run("2").value == "2"


def test_cells_go_on_where_that_is_asked_for(kernel):
    sent = [kernel.send('panic!("x")', stop_on_error=False), kernel.send("5")]
    assert [kernel.reply(one)["status"] for one in sent] == ["error", "ok"]
    kernel.drain()


def test_a_killed_child_is_an_error_and_the_next_cell_works(fresh):
    assert fresh.run("let gone = 1; fn stays() -> u8 { 3 }").status == "ok"
    sent = fresh.send('print!("last words"); std::thread::sleep(std::time::Duration::from_secs(600));')
    time.sleep(3)
    fresh.child().send_signal(signal.SIGKILL)
    ran = fresh.end(sent, 30)
    assert ran.status == "error" and "SIGKILL" in ran.error["evalue"]
    assert fresh.run("stays()").value == "3"
    assert fresh.run("let again = Model::bundled()?;").status == "ok"


def test_a_cell_that_ends_the_process_says_what_it_printed(fresh):
    ran = fresh.run('println!("last words"); std::process::exit(3);')
    assert ran.status == "error" and "3" in ran.error["evalue"]
    assert ran.text() == "last words\n"
    assert fresh.run("1").value == "1"


def test_two_kernels_at_once():
    first, second = Kernel(), Kernel()
    try:
        sent = [first.send("let a = 1; a"), second.send("let a = 2; a")]
        values = [it.end(one).value for it, one in zip((first, second), sent)]
        assert values == ["1", "2"]
        assert first.run("a").value == "1"
    finally:
        first.stop()
        second.stop()


def test_shutdown_leaves_nothing(fresh):
    fresh.run("1")
    processes = [fresh.process, *fresh.process.children(recursive=True)]
    folder = os.path.join(tempfile.gettempdir(), f"mambascope-kernel-{fresh.process.pid}")
    fresh.stop()
    assert not psutil.wait_procs(processes, timeout=10)[1]
    assert not os.path.exists(folder)


def test_restart_works(fresh):
    fresh.run("let x = 1;")
    fresh.manager.restart_kernel(now=False)
    fresh.client.wait_for_ready(timeout=60)
    assert fresh.run("x").status == "error"
    assert fresh.run("1").value == "1"


STARTER = """
import sys, time
sys.path.insert(0, {folder!r})
from conftest import Kernel
kernel = Kernel()
kernel.run("1")
print(kernel.process.pid, kernel.child().pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("moment", ["idle", "starting"])
def test_no_orphan_when_jupyter_is_killed(moment):
    code = STARTER.format(folder=os.path.dirname(__file__))
    if moment == "starting":
        code = code.replace('kernel.run("1")', "").replace("kernel.child().pid", "0")
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in starter.stdout.readline().split() if pid != "0"]
    processes = [psutil.Process(pid) for pid in pids]
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    assert not psutil.wait_procs(processes, timeout=15)[1]


def test_a_killed_kernel_takes_its_child_along(fresh):
    fresh.run("1")
    child = fresh.child()
    fresh.process.send_signal(signal.SIGKILL)
    assert wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
