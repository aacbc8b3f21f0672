#!/usr/bin/env python3
"""Makes real nodes fail in every way of docs/failure.md, and compares.

Usage: faults_test.py --lepton LEPTON --faults LEPTON_WITH_FAULT_POINTS [--slow] [PATTERN]
Prints a line per test and at the end "N passed, N failed, N skipped". The fast tier is a choice of rows, the slow tier all
of them, and the clock tests. A row's test is named by its component and fault.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import datetime
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from processes import free_base_port, wait_for  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEPTON = FAULTS = None
# Nodes that run at a time: each needs a few per cent of a processor.
PARALLEL = 10
SLOT = 4.0
INTERVAL = 0.8
# One of each kind of end, and of each way to be found.
FAST = {
    "thread.net throw", "thread.net return", "actor.p2p throw", "actor.verifier throw 100", "actor.blockchain overflow 10000",
    "actor.root throw", "disk.storage error", "disk.journal error", "thread.api hang", "thread.jobs throw",
    "thread.watchdog hang", "disk.journal hang",
}


@dataclasses.dataclass
class Row:
    component: str
    fault: str
    order: str
    lines: list
    exit: str
    seconds: float
    health: str

    def name(self):
        return re.sub(r"[^a-z0-9_.]+", "_", f"{self.component} {self.fault}".lower()).strip("_")


def read_table():
    """Returns the rows of docs/failure.md that can exist; every component has all four faults, or a row that says why not."""
    rows, faults = [], {}
    for line in (ROOT / "docs" / "failure.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 7 or cells[0] in ("component", "---"):
            continue
        component, fault, order, lines, code, seconds, health = cells
        faults.setdefault(component, set()).add(fault)
        if order == "–":
            assert lines and not code + seconds + health, f"no reason, or an end without an order: {line}"
            continue
        rows.append(Row(component, fault, order.strip("`"), re.findall(r"`([^`]+)`", lines), code, float(seconds), health))
    for component, has in faults.items():
        missing = {"throws", "returns", "hangs", "overflows"} - has
        assert not missing, f"docs/failure.md says nothing of {component}: {sorted(missing)}"
    assert len(rows) > 60, len(rows)
    return rows


def get(port, path):
    """Returns (status, body), (None, "") without an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, ValueError):
        return None, ""


class Node:
    def __init__(self, network, index):
        self.directory = network.directory / f"lepton_{index}"
        self.directory.mkdir()
        self.log_path = self.directory / "node.log"
        self.orders = self.directory / "orders"
        self.orders.touch()
        quic, self.api, self.metrics = (network.port + 3 * index + i for i in range(3))
        genesis = network.directory / "genesis"
        self.command = [
            FAULTS, "node", "--network", "leanspec-test", "--genesis", f"{genesis}/config.yaml", "--validators",
            f"{genesis}/annotated_validators.yaml", "--bootnodes", f"{genesis}/nodes.yaml", "--validator-config",
            f"{genesis}/validator-config.yaml", "--hash-sig-keys-dir", f"{genesis}/hash-sig-keys", "--node-key",
            f"{genesis}/lepton_{index}.key", "--node-id", f"lepton_{index}", "--data-dir", f"{self.directory}/data",
            "--gossipsub-port", str(quic), "--api-port", str(self.api), "--metrics-port", str(self.metrics),
            "--is-aggregator"]
        self.process = None

    def start(self, stderr=None, environment=None):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=stderr or log,
                env={**os.environ, "LEPTON_FAULTS": str(self.orders), "TZ": "UTC", **(environment or {})})

    def order(self, text):
        with open(self.orders, "a") as out:
            out.write(text + "\n")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def health(self):
        return get(self.api, "/lean/v0/health")[0]

    def finalized(self):
        status, body = get(self.api, "/lean/v0/node/syncing")
        found = re.search(r'"finalized_slot":(\d+)', body)
        return int(found.group(1)) if status == 200 and found else -1


class Network:
    """Nodes with one validator each, each of which obeys orders to fail."""

    def __init__(self, directory, nodes):
        self.directory = pathlib.Path(directory)
        self.port = free_base_port(3 * nodes)
        self.genesis_time = int(time.time()) + 4
        subprocess.run([FAULTS, "genesis", "--output-dir", str(self.directory / "genesis"), "--num-validators", str(nodes),
                        "--nodes", str(nodes), "--scheme", "test", "--genesis-time", str(self.genesis_time), "--base-port",
                        str(self.port)], check=True, capture_output=True, timeout=60)
        self.nodes = [Node(self, index) for index in range(nodes)]

    def start(self, **how):
        for node in self.nodes:
            node.start(**how)

    def wait_until_it_finalizes(self, slot, seconds):
        wait_for(f"every node finalizes slot {slot}",
                 lambda: min(node.finalized() for node in self.nodes) >= slot, seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            if node.process and node.process.poll() is None:
                node.process.kill()
                node.process.wait()


class HealthWatch:
    """What the health route of a port says, and when."""

    def __init__(self, port):
        self.seen = []
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._stop.wait(0.1):
            asked = time.time()
            self.seen.append((asked, get(self._port, "/lean/v0/health")[0]))

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self.seen


def time_of(log, text):
    """Returns the Unix time of the last log line with `text`."""
    lines = [line for line in log.splitlines() if text in line]
    assert lines, f"no line with {text!r}"
    return datetime.datetime.fromisoformat(lines[-1].split(" ")[0] + "+00:00").timestamp()


def run_row(row, directory):
    """Makes a node fail as the row says; returns the seconds to its end, or to its recovery."""
    point, action = row.order.split(" ", 1)
    lives = row.exit == "lives"
    unread = row.order == "stderr unread"
    with Network(directory, 2 if lives else 1) as network, contextlib.ExitStack() as stack:
        node = network.nodes[0]
        environment = {}
        expected_seconds = row.seconds
        if row.order == "thread.keys hang":
            environment["LEPTON_FAULTS_KEYS_MS"] = "6000"
            expected_seconds = 12
        pipe = None
        if unread:
            pipe = full_pipe()
            stack.callback(os.close, pipe[0])
        network.start(stderr=pipe[1] if pipe else None, environment=environment)
        if pipe:
            os.close(pipe[1])
        if unread:
            wait_for("the node stands still", lambda: node.health() == 503 or node.process.poll() is not None, 90)
        else:
            network.wait_until_it_finalizes(1, 60)
        watch = HealthWatch(node.metrics if row.health.startswith("metrics") else node.api)
        stack.callback(watch.stop)
        begun = time.time()
        if point == "connections":
            flood(node, action, network)
        elif not unread:
            node.order(row.order)
            marker = "fault_ordered" if "overflow" in action else "fault_injected"
            if "overflow" in action and not lives:
                marker = row.lines[0]  # an overflow is where a message finds no room
            wait_for("the fault happens", lambda: marker in node.log(), 10)
            begun = time_of(node.log(), marker)
        if lives:
            return check_recovery(row, network, watch, begun)
        try:
            code = node.process.wait(expected_seconds + 20)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"alive, {expected_seconds + 20:.0f} s after the fault; health {watch.stop()[-1]}")
        took = time.time() - begun
        seen = watch.stop()
        if not unread:
            check_lines(row, node)
        assert (128 - code if code < 0 else code) == int(row.exit), f"exit {code}"
        assert took <= expected_seconds, f"ended after {took:.1f} s"
        # A stall is told after 5 s, and the looks are a second apart.
        grace = 1.5 if row.health == "ends" else 9
        late = [at - begun for at, status in seen if status == 200 and at - begun > grace]
        if "again" not in row.fault:
            assert not late, f"health said 200 while it was dead, {late[0]:.1f} s after the fault"
        if row.health != "ends":
            assert any(status == 503 for _, status in seen), f"health never said 503: {seen[-5:]}"
        return took


def full_pipe():
    """Returns the ends of a pipe that has room for the lines of a start and little more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.read(reader, 8192)
    os.set_blocking(writer, True)
    return reader, writer


def flood(node, server, network):
    """Opens as many connections as the server takes, and one more."""
    port, other = (node.api, node.metrics) if server == "api" else (node.metrics, node.api)
    with contextlib.ExitStack() as stack:
        for _ in range(256):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=2))
        name = f'lepton_http_connections_refused_total{{server="{server}"}}'

        def refused():
            get(port, "/metrics")
            found = re.search(re.escape(name) + r" (\d+)", get(other if server == "api" else port, "/metrics")[1])
            return found and int(found.group(1)) > 0
        if server == "api":
            wait_for("refused connections are counted", refused, 5)
        else:
            assert get(port, "/metrics")[0] is None, "one more than the bound is served"
        assert get(other, "/lean/v0/health")[0] == 200


def check_recovery(row, network, watch, begun):
    node = network.nodes[0]
    if "overflow" in row.order:
        time.sleep(6.5)
    elif row.health == "503":
        wait_for("health says 503", lambda: any(status == 503 for _, status in watch.seen), 10)
    wait_for("health says 200 again", lambda: node.health() == 200, row.seconds)
    target = max(each.finalized() for each in network.nodes) + 2
    network.wait_until_it_finalizes(target, row.seconds)
    assert node.process.poll() is None
    took = time.time() - begun
    check_lines(row, node)
    seen = watch.stop()
    bad = [at for at, status in seen if status != 200]
    if row.health == "brief":
        assert not bad or bad[-1] - bad[0] < 2, f"health was not 200 for {bad[-1] - bad[0]:.1f} s"
    elif row.health == "200" and row.order != "connections api":  # those take the watcher's place too
        assert not bad, f"health was not 200, {bad[0] - begun:.1f} s after the fault"
    for each in network.nodes:
        each.process.send_signal(signal.SIGTERM)
    for each in network.nodes:
        assert each.process.wait(10) == 0, "it stops in order"
    return took


def check_lines(row, node):
    log = node.log()
    for line in row.lines:
        if not line.startswith("lepton_"):
            assert line in log, f"no line with {line!r}"


# --- clock and pauses

def check_duties(network):
    """Every node did each duty at most once per slot, and none before its time by the true clock."""
    counted = 0
    for node in network.nodes:
        roots = {}
        for line in node.log().splitlines():
            found = re.search(r"^(\S+) \w+ (block|attestation)_(?:proposed|published|not_published|late) slot=(\d+) root=(\S+)",
                              line)
            if not found:
                continue
            if found.group(2) == "block" and "block_proposed" not in line:
                continue
            at = datetime.datetime.fromisoformat(found.group(1) + "+00:00").timestamp()
            kind, slot = found.group(2), int(found.group(3))
            due = network.genesis_time + slot * SLOT + (INTERVAL if kind == "attestation" else 0)
            assert at >= due - 0.01, f"{node.directory.name}: early by {due - at:.2f} s: {line}"
            assert (kind, slot) not in roots, f"{node.directory.name}: twice: {line}\n{roots[kind, slot]}"
            roots[kind, slot] = line
            counted += 1
        assert "refused_by_journal" not in node.log(), "only the journal prevented a second signature"
    return counted


def run_disturbed(directory, disturb):
    with Network(directory, 4) as network:
        network.start()
        network.wait_until_it_finalizes(2, 60)
        disturb(network)
        target = max(node.finalized() for node in network.nodes) + 3
        network.wait_until_it_finalizes(target, 90)
        wait_for("health is 200 everywhere", lambda: all(node.health() == 200 for node in network.nodes), 20)
        counted = check_duties(network)
        assert counted > 40, counted
        for node in network.nodes:
            node.process.send_signal(signal.SIGTERM)
        for node in network.nodes:
            assert node.process.wait(15) == 0
        return counted


def test_a_node_that_was_stopped_for_a_minute_goes_on(directory):
    def disturb(network):
        victim = network.nodes[1]
        victim.process.send_signal(signal.SIGSTOP)
        time.sleep(60)
        victim.process.send_signal(signal.SIGCONT)
        wait_for("it answers again", lambda: victim.finalized() >= 0, 10)
    run_disturbed(directory, disturb)


def test_all_nodes_that_were_stopped_for_a_minute_go_on(directory):
    def disturb(network):
        for node in network.nodes:
            node.process.send_signal(signal.SIGSTOP)
        time.sleep(60)
        for node in network.nodes:
            node.process.send_signal(signal.SIGCONT)
    run_disturbed(directory, disturb)


def step_clock(network, ms):
    victim = network.nodes[1]
    victim.order(f"clock set {ms}")
    wait_for("the step is seen", lambda: "clock_step by_ms=" in victim.log(), 5)
    time.sleep(25)
    assert victim.health() == 200
    victim.order("clock set 0")
    wait_for("the step is over", lambda: "clock_step_over" in victim.log(), 5)


def test_a_clock_set_ten_seconds_forward_and_back_is_not_followed(directory):
    run_disturbed(directory, lambda network: step_clock(network, 10000))


def test_a_clock_set_ten_seconds_back_and_forward_is_not_followed(directory):
    run_disturbed(directory, lambda network: step_clock(network, -10000))


def test_a_clock_that_stays_ten_seconds_back_is_followed_and_comes_back(directory):
    def disturb(network):
        victim, others = network.nodes[1], [network.nodes[i] for i in (0, 2, 3)]
        victim.order("clock set -10000")
        wait_for("the step is taken", lambda: victim.log().count("clock_step_taken") == 1, 70)
        target = max(node.finalized() for node in others) + 2
        wait_for("the others finalize", lambda: min(node.finalized() for node in others) >= target, 60)
        victim.order("clock set 0")
        wait_for("the step back is taken", lambda: victim.log().count("clock_step_taken") == 2, 70)
    run_disturbed(directory, disturb)


# --- builds

def test_the_release_binary_has_no_fault_points(directory):
    for word in (b"LEPTON_FAULTS", b"injected fault", b"fault_injected", b"fault_ordered", b"disk.journal", b"thread.watchdog"):
        assert word in pathlib.Path(FAULTS).read_bytes(), f"{word} is not in the build with fault points: nothing is shown"
        assert word not in pathlib.Path(LEPTON).read_bytes(), word


def run_one(name, test):
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lepton-faults-") as directory:
        try:
            result = test(directory)
            figure = f", ended or recovered after {result:.1f} s" if isinstance(result, float) else ""
            print(f"ok {name} ({time.monotonic() - started:.0f} s{figure})", flush=True)
            return True
        except Exception:  # noqa: BLE001  a failed test is reported and counted, whatever it was
            text = f"FAILED {name}\n{traceback.format_exc()}"
            for log in sorted(pathlib.Path(directory).glob("*/node.log")):
                text += f"--- {log.parent.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:]) + "\n"
            print(text, flush=True)
            return False


def main():
    global LEPTON, FAULTS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lepton", required=True)
    parser.add_argument("--faults", required=True)
    parser.add_argument("--slow", action="store_true", help="every row, and the clock tests")
    parser.add_argument("pattern", nargs="?", default="")
    arguments = parser.parse_args()
    LEPTON, FAULTS = arguments.lepton, arguments.faults

    rows = read_table()
    assert FAST <= {row.order for row in rows}, FAST - {row.order for row in rows}
    tests = [(row.name(), lambda directory, row=row: run_row(row, directory))
             for row in rows if arguments.slow or row.order in FAST]
    tests += [(name, test) for name, test in globals().items()
              if name.startswith("test_") and (arguments.slow or "binary" in name)]
    tests = [(name, test) for name, test in tests if re.search(arguments.pattern, name)]
    if not pathlib.Path(FAULTS).exists():
        for name, _ in tests:
            print(f"skipped {name}: {FAULTS} is missing: ./dev build faults")
        print(f"0 passed, 0 failed, {len(tests)} skipped")
        return 0
    # The long ones first, so that the end is not one node that hangs.
    tests.sort(key=lambda test: not re.search("hang|clock|stopped|again", test[0]))
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        results = list(pool.map(lambda test: run_one(*test), tests))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
