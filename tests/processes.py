"""What tests of real processes share: free ports, patience, and running tests one after the other."""

import contextlib
import random
import socket
import threading
import time
import traceback

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


class Skipped(Exception):
    """Raised by a test that cannot be run here, with the reason."""


def run_tests(tests, run):
    """Calls `run(test)` for each (name, test), prints what became of it, and returns how many passed, failed and were
    skipped."""
    passed = failed = skipped = 0
    for name, test in tests:
        started = time.monotonic()
        try:
            run(test)
            passed += 1
            print(f"ok {name} ({time.monotonic() - started:.0f} s)", flush=True)
        except Skipped as reason:
            skipped += 1
            print(f"skipped {name}: {reason}", flush=True)
        except Exception:  # noqa: BLE001  a failed test is reported and counted, whatever it was
            failed += 1
            print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
    return passed, failed, skipped
