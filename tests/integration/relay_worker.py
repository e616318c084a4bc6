"""A worker of the simulated platform behind standard input and output, or behind a socket that it accepts one connection on. It says that its
evidence is of type sgx: what a job does with other platforms can be seen without their hardware.

relay_worker.py PLATFORM WORKER [HOST:PORT | unix:PATH]
"""
import array
import json
import os
import socket
import struct
import sys
import threading

EVIDENCE = 0x81


def launch(platform, worker):
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.connect(platform)
    ours, theirs = socket.socketpair()
    with open(worker, "rb") as executable:
        fds = array.array("i", [executable.fileno(), theirs.fileno()])
        control.sendmsg([json.dumps({"launch": {"memory": 1 << 28, "debug": False, "arguments": []}}).encode()],
                        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    theirs.close()
    assert "launched" in json.loads(control.recv(4096))
    return control, ours


def accept(place):
    if place.startswith("unix:"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(place[5:])
    else:
        host, port = place.rsplit(":", 1)
        listener = socket.create_server((host, int(port)))
    listener.listen(1)
    return listener.accept()[0]


def exactly(read, size):
    data = b""
    while len(data) < size:
        piece = read(size - len(data))
        if not piece:
            return None
        data += piece
    return data


def rename(frame):
    """u32 size, runtime data, u8 size, type, evidence."""
    size, = struct.unpack_from("<I", frame)
    at = 4 + size
    return frame[:at] + bytes([3]) + b"sgx" + frame[at + 1 + frame[at]:]


def from_worker(read, write):
    while (head := exactly(read, 5)) is not None:
        size, kind = struct.unpack("<IB", head)
        payload = exactly(read, size - 1) if size > 1 else b""
        if payload is None:
            return
        payload = rename(payload) if kind == EVIDENCE else payload
        write(struct.pack("<IB", len(payload) + 1, kind) + payload)


def to_worker(read, worker):
    while data := read(65536):
        worker.sendall(data)
    worker.shutdown(socket.SHUT_WR)


def write_all(data):
    while data:
        data = data[os.write(1, data):]


control, worker = launch(sys.argv[1], sys.argv[2])
if len(sys.argv) > 3:
    agent = accept(sys.argv[3])
    read, write = agent.recv, agent.sendall
else:
    read, write = (lambda size: os.read(0, size)), write_all
threading.Thread(target=to_worker, args=(read, worker), daemon=True).start()
try:
    from_worker(worker.recv, write)
except (BrokenPipeError, ConnectionResetError):
    pass
