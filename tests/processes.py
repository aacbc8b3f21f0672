"""What tests of real processes share: free ports, and patience."""

import contextlib
import random
import socket
import threading
import time

_lock = threading.Lock()
_given = set()


def free_base_port(count):
    """Returns a port from which on `count` ports are free for both TCP and UDP, given to nobody else of this program, and
    below those that the system gives to clients: a client must not take the port of a node that is down. Any thread."""
    bases = list(range(20000, 32000 - count, count))
    random.shuffle(bases)
    with _lock:
        for base in bases:
            ports = range(base, base + count)
            if not _given.isdisjoint(ports):
                continue
            with contextlib.ExitStack() as stack:
                try:
                    for port in ports:
                        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                            probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
                            probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            _given.update(ports)
            return base
    raise AssertionError("no free ports")


def wait_for(what, condition, seconds):
    """Returns the first true value of `condition`; fails when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"within {seconds} s: {what}")
