"""A kernel to test: the program of this build, in a kernelspec of its own."""

import json
import os
import pathlib
import queue
import sys
import time

import jupyter_client
import psutil
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "release" / "mambascope-kernel"


@pytest.fixture(scope="session", autouse=True)
def kernelspec(tmp_path_factory):
    """Makes a kernelspec `mambascope` that only these tests see."""
    home = tmp_path_factory.mktemp("jupyter")
    folder = home / "kernels" / "mambascope"
    folder.mkdir(parents=True)
    spec = {
        "argv": [str(PROGRAM), "{connection_file}"],
        "display_name": "mambascope",
        "language": "rust",
        "interrupt_mode": "message",
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
    os.environ["JUPYTER_PATH"] = str(home)
    yield folder


class Ran:
    """What came of a cell."""

    def __init__(self, reply, messages):
        self.reply = reply
        self.messages = messages

    @property
    def status(self):
        return self.reply["status"]

    def of(self, kind):
        return [content for type_, content in self.messages if type_ == kind]

    @property
    def error(self):
        return self.of("error")[0]

    def text(self, name="stdout"):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == name)

    @property
    def value(self):
        (result,) = self.of("execute_result")
        return result["data"]["text/plain"]


class Kernel:
    """A running kernel."""

    def __init__(self):
        started = time.monotonic()
        self.manager = jupyter_client.KernelManager(kernel_name="mambascope")
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.ready_after = time.monotonic() - started

    def send(self, code, **options):
        return self.client.execute(code, **options)

    def outputs(self, message, until_idle=True, timeout=600):
        """Messages of one request, as they come."""
        end = time.monotonic() + timeout
        while True:
            got = self.client.get_iopub_msg(timeout=max(0.1, end - time.monotonic()))
            if got["parent_header"].get("msg_id") != message:
                continue
            kind, content = got["msg_type"], got["content"]
            if kind == "status" and content["execution_state"] == "idle" and until_idle:
                return
            yield kind, content

    def reply(self, message, timeout=600):
        end = time.monotonic() + timeout
        while True:
            got = self.client.get_shell_msg(timeout=max(0.1, end - time.monotonic()))
            if got["parent_header"].get("msg_id") == message:
                return got["content"]

    def end(self, message, timeout=600):
        ignore = ("status", "execute_input")
        outputs = [it for it in self.outputs(message, timeout=timeout) if it[0] not in ignore]
        return Ran(self.reply(message, timeout), outputs)

    def run(self, code, timeout=600, **options):
        return self.end(self.send(code, **options), timeout)

    def interrupt(self):
        self.manager.interrupt_kernel()

    @property
    def process(self):
        return psutil.Process(self.manager.provisioner.pid)

    def child(self):
        """The process that runs the cells."""
        for child in self.process.children():
            if "EVCXR_IS_RUNTIME" in child.environ():
                return child
        raise AssertionError("there is no child")

    def stop(self):
        self.client.stop_channels()
        if self.manager.is_alive():
            self.manager.shutdown_kernel()

    def drain(self):
        """Messages that nobody waited for."""
        while True:
            try:
                self.client.get_iopub_msg(timeout=0.2)
            except queue.Empty:
                return


@pytest.fixture(scope="module")
def kernel():
    """A kernel that has its library, shared by the tests of a file."""
    kernel = Kernel()
    assert kernel.run("1").status == "ok"
    yield kernel
    kernel.stop()


@pytest.fixture
def fresh():
    """A kernel of the test's own."""
    kernel = Kernel()
    yield kernel
    kernel.stop()
