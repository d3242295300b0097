"""Messages that are no messages, on every socket."""

import json
import random
import socket
import time

import zmq
from jupyter_client.session import Session

COUNT = 10_000


def connection(kernel):
    return kernel.manager.get_connection_info()


def shapes(random_, session):
    """A message that must be ignored: wrong signature, cut short, or noise."""
    good = session.serialize(session.msg("execute_request", {"code": "boom", "silent": False}))
    kind = random_.randrange(6)
    if kind == 0:
        return good
    if kind == 1:
        return good[: random_.randrange(1, len(good))]
    if kind == 2:
        return [random_.randbytes(random_.randrange(0, 200)) for _ in range(random_.randrange(1, 8))]
    if kind == 3:
        parts = list(good)
        at = random_.randrange(2, len(parts))
        parts[at] = random_.randbytes(30)
        return parts
    if kind == 4:
        return [b"<IDS|MSG>", b"0" * 64, b"{}", b"{}", b"{}", b"{}"]
    return [b"<IDS|MSG>"]


def test_ten_thousand_bad_messages_are_ignored(fresh):
    assert fresh.run("let kept = 1;").status == "ok"
    info = connection(fresh)
    # Signed, but with another key.
    session = Session(key=b"another key", signature_scheme="hmac-sha256")
    random_ = random.Random(7)
    context = zmq.Context()
    kinds = {"shell": zmq.DEALER, "control": zmq.DEALER, "stdin": zmq.DEALER, "hb": zmq.DEALER, "iopub": zmq.SUB}
    sockets = []
    for name, kind in kinds.items():
        made = context.socket(kind)
        made.linger = 0
        made.sndhwm = 0
        made.connect(f"tcp://127.0.0.1:{info[name + '_port']}")
        if kind != zmq.SUB:
            sockets.append(made)
        else:
            listener = made
    for number in range(COUNT * 8 // 10):
        sockets[number % len(sockets)].send_multipart(shapes(random_, session))
    # Subscriptions are all that may be sent there.
    for number in range(COUNT // 10):
        listener.setsockopt(zmq.SUBSCRIBE, random_.randbytes(8))
    # Below the message: bytes that are no ZeroMQ at all, cut off anywhere.
    for number in range(COUNT // 10):
        port = info[list(kinds)[number % len(kinds)] + "_port"]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            start = bytes([0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3]) if number % 2 else b""
            raw.sendall(start + random_.randbytes(random_.randrange(0, 400)))
    time.sleep(2)
    assert fresh.process.is_running()
    assert fresh.run("kept").value == "1"
    fresh.client.hb_channel.unpause()
    assert fresh.manager.is_alive()
    assert "boom" not in json.dumps(fresh.run(":vars").messages)
    # Heartbeats are still answered.
    heart = context.socket(zmq.REQ)
    heart.linger = 0
    heart.connect(f"tcp://127.0.0.1:{info['hb_port']}")
    heart.send(b"ping")
    assert heart.poll(10_000)
    # Control is, too.
    fresh.interrupt()
    for made in [*sockets, listener, heart]:
        made.close()


def test_nobody_listens_beyond_this_machine(fresh):
    listening = [it for it in fresh.process.net_connections() if it.status == "LISTEN"]
    assert len(listening) == 5
    assert {it.laddr.ip for it in listening} == {"127.0.0.1"}


def test_a_client_is_welcomed(fresh):
    """JEP 65."""
    info = connection(fresh)
    context = zmq.Context()
    listener = context.socket(zmq.SUB)
    listener.linger = 0
    listener.connect(f"tcp://127.0.0.1:{info['iopub_port']}")
    listener.setsockopt(zmq.SUBSCRIBE, b"")
    session = Session(key=info["key"], signature_scheme="hmac-sha256")
    assert listener.poll(10_000)
    parts = session.feed_identities(listener.recv_multipart())[1]
    message = session.deserialize(parts)
    listener.close()
    assert message["header"]["msg_type"] == "iopub_welcome"
    assert message["content"] == {"subscription": ""}
