"""A network of real lepton nodes, the collector among them, and what each is seen to do: processes, HTTP, and checks
that go on all the time. What is found wrong is added to Network.failures; nothing here raises for it.
"""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import witness

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from processes import free_base_port  # noqa: E402

SLOT_SECONDS = 4
INTERVAL_SECONDS = 0.8
SECONDS_TO_GENESIS = 8
# A process that was started answers HTTP within this time, on a machine that builds at the same time.
START_SECONDS = 30
# How a node's log tells of its own votes and blocks, with the first four bytes of the signed root.
OWN_MESSAGE = re.compile(r" (attestation|block)_(not_)?published slot=(\d+) root=0x([0-9a-f]{8})")


class Node:
    """A node: how it is started, its present process, and what it last reported."""

    def __init__(self, index, directory, command, api_port):
        self.index, self.directory, self.command, self.api_port = index, directory, command, api_port
        self.name = directory.name
        self.process = None
        self.is_up = False      # it is to be running
        self.has_answered = False   # the present process has
        self.started_at = 0.0
        self.starts = 0
        self.finalized = (-1, "")   # latest report, of any of its processes
        self.head_slot = -1

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api_port}{path}", timeout=5) as answer:
            return answer.read()

    def log_text(self):
        path = self.directory / "node.log"
        return path.read_text(errors="replace") if path.exists() else ""


class Network:
    """`nodes` nodes with a validator each, and the collector. A context manager; starts at once."""

    def __init__(self, lepton, lepton_shared_keys, collector, directory, nodes=4, committees=1):
        self.lepton, self.lepton_shared_keys = lepton, lepton_shared_keys
        self.directory, self.committees = directory, committees
        self.failures = []
        self.uses = witness.KeyUses()
        self.twin = None
        self.heard = []                 # (validator, slot) of single votes
        self.finalized = {}             # slot -> root, by any node at any time
        self.start_seconds_max = 0.0
        self.changed = threading.Condition(threading.RLock())
        self.is_over = False
        self.threads = []
        self.collector = None
        self.genesis_time = int(time.time()) + SECONDS_TO_GENESIS
        base_port = free_base_port(3 * nodes)
        self.genesis = directory / "genesis"
        subprocess.run([lepton, "genesis", "--output-dir", self.genesis, "--num-validators", str(nodes), "--nodes",
                        str(nodes), "--scheme", "test", "--genesis-time", str(self.genesis_time), "--base-port",
                        str(base_port)], check=True, stdout=subprocess.DEVNULL)
        self.nodes = []
        for i in range(nodes):
            port = base_port + 3 * i
            self.nodes.append(Node(i, directory / f"lepton_{i}",
                                   self.command(f"lepton_{i}", self.genesis, self.genesis / f"lepton_{i}.key",
                                                directory / f"lepton_{i}" / "data", port), port + 1))
        self.start_collector(collector)

    def command(self, name, genesis, key, data, port):
        return [self.lepton, "node", "--network", "leanspec-test", "--genesis", genesis / "config.yaml", "--validators",
                genesis / "annotated_validators.yaml", "--bootnodes", genesis / "nodes.yaml", "--validator-config",
                genesis / "validator-config.yaml", "--hash-sig-keys-dir", genesis / "hash-sig-keys", "--node-key", key,
                "--node-id", name, "--data-dir", data, "--gossipsub-port", str(port), "--api-port", str(port + 1),
                "--metrics-port", str(port + 2), "--is-aggregator", "--attestation-committee-count",
                str(self.committees)]

    def start_collector(self, program):
        self.collector = subprocess.Popen(
            [program, "--bootnodes", self.genesis / "nodes.yaml", "--attestation-committee-count",
             str(self.committees)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = self.collector.stdout.readline().split()
        assert first and first[0] == "listening", f"the collector did not start: {first}"
        # A node that starts dials the collector at once: nothing that it signs then goes unseen.
        self.collector_address = first[1]
        with open(self.genesis / "nodes.yaml", "a") as nodes_file:
            nodes_file.write(f'- "{self.collector_address}"\n')
        self.spawn(self.read_collector)

    def spawn(self, function, *arguments):
        def guarded():
            try:
                function(*arguments)
            except Exception as error:  # noqa: BLE001  whatever it was, it is a failure of the run
                self.fail(f"{function.__name__}: {error!r}")
        self.threads.append(threading.Thread(target=guarded, daemon=True))
        self.threads[-1].start()

    def __enter__(self):
        for node in self.nodes:
            node.directory.mkdir()
            self.start(node)
            self.spawn(self.watch, node)
        return self

    def __exit__(self, *_):
        with self.changed:
            self.is_over = True
            self.changed.notify_all()
        for node in [*self.nodes, *filter(None, [self.twin])]:
            if node.process and node.process.poll() is None:
                node.process.kill()
                node.process.wait()
        self.collector.stdin.close()
        self.collector.wait(10)
        for thread in self.threads:
            thread.join(20)

    # ---- time

    def now(self):
        """Slots since genesis, with their fraction; negative before it."""
        return (time.time() - self.genesis_time) / SLOT_SECONDS

    def sleep_until(self, slot):
        time.sleep(max(0.0, (slot - self.now()) * SLOT_SECONDS))

    # ---- processes

    def fail(self, what):
        with self.changed:
            self.failures.append(what)
            print(f"FAILURE slot {self.now():.1f}: {what}", flush=True)
            self.changed.notify_all()

    def start(self, node):
        with self.changed:
            with open(node.directory / "node.log", "ab") as log:
                node.process = subprocess.Popen(node.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            node.is_up, node.has_answered, node.started_at = True, False, time.time()
            node.starts += 1

    def kill(self, nodes):
        """Kills all of `nodes` as near to at once as signals go."""
        with self.changed:
            for node in nodes:
                node.is_up = False
                node.process.kill()
            for node in nodes:
                code = node.process.wait()
                if code != -signal.SIGKILL:
                    self.tell_end(node, code)

    def tell_end(self, node, code):
        last = "\n    ".join(node.log_text().splitlines()[-5:])
        self.fail(f"{node.name} ended by itself with exit code {code} after start {node.starts}:\n    {last}")

    def stop(self):
        """Stops every node in good order."""
        with self.changed:
            for node in self.nodes:
                node.is_up = False
                node.process.terminate()
        for node in self.nodes:
            try:
                code = node.process.wait(20)
            except subprocess.TimeoutExpired:
                code = "none within 20 s of SIGTERM"
            if code != 0:
                self.tell_end(node, code)

    # ---- watching

    def read_collector(self):
        for line in self.collector.stdout:
            words = line.split()
            if words[0] != "message":
                continue
            _, _, topic, _, size, text = words
            data = bytes.fromhex(text.removeprefix("0x"))
            assert len(data) == int(size), line[:120]
            with self.changed:
                before = len(self.uses.violations)
                self.uses.add(topic, data)
                for use in self.uses.violations[before:]:
                    planted = "planted " if self.is_planted(use) else ""
                    print(f"  {planted}violation: {self.uses.describe(use)}", flush=True)
                if "/attestation_" in topic:
                    self.heard.append((witness.u64(data, 0), witness.u64(data, 8)))
                self.changed.notify_all()
        if not self.is_over:
            self.fail(f"the collector ended with exit code {self.collector.wait()}")

    def watch(self, node):
        """Asks `node` for its fork choice for as long as the network lives."""
        while not self.is_over:
            with self.changed:
                process, is_up = node.process, node.is_up
                if is_up and process.poll() is not None:
                    node.is_up = False
                    self.tell_end(node, process.returncode)
                    return
            if is_up:
                # It may be killed in the middle of an answer.
                with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                    tree = json.loads(node.get("/lean/v0/fork_choice"))
                    self.observe(node, process, tree)
                if not node.has_answered and time.time() - node.started_at > START_SECONDS and node.is_up:
                    self.fail(f"{node.name} does not answer {START_SECONDS} s after its start {node.starts}")
                    return
            time.sleep(0.05 if not node.has_answered else 0.4)

    def observe(self, node, process, tree):
        slot, root = tree["finalized"]["slot"], tree["finalized"]["root"]
        with self.changed:
            is_first = process is node.process and not node.has_answered
            if slot < node.finalized[0]:
                self.fail(f"{node.name} (start {node.starts}) reports finalized slot {slot} after {node.finalized[0]}")
            node.finalized = max(node.finalized, (slot, root))
            if self.finalized.setdefault(slot, root) != root:
                self.fail(f"{node.name} finalized {root} at slot {slot}, another {self.finalized[slot]}")
            for problem in tree_problems(tree):
                self.fail(f"{node.name} (start {node.starts}): {problem}")
            slots = {entry["root"]: entry["slot"] for entry in tree["nodes"]}
            node.head_slot = slots.get(tree["head"], -1)
            if is_first:
                node.has_answered = True
                self.start_seconds_max = max(self.start_seconds_max, time.time() - node.started_at)
            self.changed.notify_all()
        if is_first:
            self.check_database(node)

    def check_database(self, node):
        """Compares the finalized block and state that `node` has on disk with all that was ever final."""
        def finalized():
            return json.loads(node.get("/lean/v0/fork_choice"))["finalized"]
        while True:
            before = finalized()
            block = witness.Block(node.get("/lean/v0/blocks/finalized"))
            state = witness.State(node.get("/lean/v0/states/finalized"))
            if finalized() == before:
                break
        if "0x" + block.root.hex() != before["root"] or block.slot != before["slot"]:
            self.fail(f"{node.name}: its finalized block is {block.root.hex()} of slot {block.slot}, not {before}")
        header = (state.header_slot, state.header_proposer_index, state.header_parent_root, state.header_body_root)
        if header != (block.slot, block.proposer_index, block.parent_root, block.body_root):
            self.fail(f"{node.name}: its finalized state is not that of the finalized block {before}")
        with self.changed:
            known = {slot: root for slot, root in self.finalized.items() if slot < block.slot}
        for slot, root in known.items():
            if "0x" + state.historical_block_hashes[slot].hex() != root:
                self.fail(f"{node.name}: its chain has another block than {root} at slot {slot}, which was final")

    def wait_for(self, condition, seconds):
        """Waits until `condition` holds; false when it does not in time, or when something failed meanwhile."""
        with self.changed:
            return self.changed.wait_for(lambda: bool(self.failures) or condition(), seconds) and not self.failures

    def finalized_everywhere(self):
        """Returns the slot that is final for every node."""
        return min(node.finalized[0] for node in self.nodes)

    def has_voted(self, node, slot):
        """Returns whether the collector heard a vote of `node` itself for `slot` or a later one."""
        return any(validator == node.index and at >= slot for validator, at in reversed(self.heard))

    def read_logs(self):
        """Adds what the nodes' logs say of their own signatures to the evidence. Returns how many messages were sent
        to peers and not heard by the collector: what a node was killed with on its lips."""
        unheard = 0
        for node in self.nodes:
            for kind, not_sent, slot, prefix in OWN_MESSAGE.findall(node.log_text()):
                use = witness.Use(node.index, {"attestation": "attestation", "block": "proposal"}[kind], int(slot))
                with self.changed:
                    unheard += not self.uses.note_log(use, prefix) and not not_sent
        return unheard

    def refusals(self):
        """Returns how often the nodes' signing journals refused a signature, by reason."""
        found = collections.Counter()
        for node in self.nodes:
            for reason in re.findall(r"refused_by_journal .*reason=(\w+)", node.log_text()):
                found[reason] += 1
        return found

    # ---- a second machine with the same keys

    def start_twin(self, of):
        """Starts a node with copies of the keys of `of` and nothing else of it; it knows only the collector. From now
        on `of`'s validator signs twice."""
        directory = self.directory / f"twin_of_{of.name}"
        genesis = directory / "genesis"
        shutil.copytree(self.genesis, genesis)
        (genesis / "nodes.yaml").write_text(f'- "{self.collector_address}"\n')
        (genesis / "twin.key").write_text(secrets.token_hex(32))
        port = free_base_port(3)
        with self.changed:
            command = self.command(of.name, genesis, genesis / "twin.key", directory / "data", port)
            # lepton itself would refuse to start.
            command[0] = self.lepton_shared_keys
            self.twin = Node(of.index, directory, [*command, "--disable-duty-sync-gate"], port + 1)
            self.twin_slot = int(self.now())
            self.start(self.twin)

    def is_planted(self, use):
        return self.twin is not None and use.validator == self.twin.index and use.slot >= self.twin_slot

    def violations(self):
        """Returns the violations that no twin is to blame for."""
        with self.changed:
            return [self.uses.describe(use) for use in self.uses.violations if not self.is_planted(use)]

    def planted_kinds(self):
        """Returns which kinds of keys were seen used twice because of the twin."""
        return {use.kind for use in self.uses.violations if self.is_planted(use)}


def tree_problems(tree):
    """Returns what is wrong with the answer of /lean/v0/fork_choice as a tree of blocks."""
    problems = []
    roots = {entry["root"] for entry in tree["nodes"]}
    orphans = [entry for entry in tree["nodes"] if entry["parent_root"] not in roots]
    if [entry["root"] for entry in orphans] != [tree["finalized"]["root"]]:
        problems.append(f"blocks without a parent are {orphans}, the finalized one is {tree['finalized']}")
    # The safe target is renewed once a slot and may be older than the finalized block for a while.
    for name, root in (("head", tree["head"]), ("justified", tree["justified"]["root"])):
        if root not in roots:
            problems.append(f"its {name} {root} is none of its blocks")
    return problems
