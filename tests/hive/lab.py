# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""What the suites work with: genesis directories, running nodes, peers of ours, blocks that are validly signed."""

import contextlib
import copy
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
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "interop"), str(HERE.parent / "quickstart"),
                str(HERE.parent / "crash")]

import enr  # noqa: E402
from peer_process import LeptonPeer  # noqa: E402
from processes import free_base_port, wait_for  # noqa: E402
from scenarios import BLOCKS  # noqa: E402

SLOT_SECONDS = 4
# What a step may take on a machine that is busy with other tests.
PATIENCE = 30
# The same for what takes some slots.
FINALITY_PATIENCE = 150
# Slots that a node may be behind and still counts as caught up; as in hive.
HEAD_LAG_MAX = 2


class Programs:
    def __init__(self, lepton, lepton_shared_keys, peer, signed_blocks):
        self.lepton, self.lepton_shared_keys = lepton, lepton_shared_keys
        self.peer, self.signed_blocks = peer, signed_blocks


class Peer(LeptonPeer):
    """A peer of ours, on lepton's own libp2p."""

    def enr(self):
        return enr.record(bytes.fromhex(self.key), "127.0.0.1", self.port)

    def send_bytes(self, peer, protocol, data, request_id):
        """Sends bytes as they are on a stream of `protocol`; returns what came of it."""
        self.send("send_bytes", peer=peer, protocol=protocol, bytes=data.hex(), id=request_id)
        return self.wait("response", id=request_id)

    def request(self, peer, protocol, payload):
        """Sends a request; returns (code, payload) of each chunk of the answer, or None when the stream was reset."""
        request_id = secrets.token_hex(4)
        self.send("request", peer=peer, protocol=protocol, payload=payload.hex(), id=request_id)
        answer = self.wait("response", id=request_id)
        if not answer["ok"]:
            return None
        return [(chunk["code"], bytes.fromhex(chunk["payload"])) for chunk in answer["chunks"]]

    def dial(self, node):
        self.send("dial", addr=node.multiaddr())
        self.wait("connected", peer=node.peer_id())


class Node:
    """A `lepton node` process."""

    def __init__(self, name, directory, command, quic, api, key):
        self.name, self.command, self.quic, self.api, self.key = name, command, quic, api, key
        self.log_path = directory / f"{name}.log"
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def get(self, path, accept="*/*"):
        """Returns (status, content type, body)."""
        assert self.process.poll() is None, f"{self.name} ended:\n{self.log()[-2000:]}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read()

    def get_json(self, path):
        status, _, body = self.get(path)
        assert status == 200, (self.name, path, status, body)
        return json.loads(body)

    def is_up(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/lean/v0/health")[0] == 200
        return False

    def wait_until_up(self):
        wait_for(f"{self.name} answers", self.is_up, PATIENCE)
        return self

    def fork_choice(self):
        return self.get_json("/lean/v0/fork_choice")

    def finalized(self):
        return self.fork_choice()["finalized"]["slot"]

    def metric(self, name):
        """Returns the value of a series, named with its labels."""
        match = re.search(rf"^{re.escape(name)} (\S+)$", self.get("/metrics")[2].decode(), re.MULTILINE)
        assert match, f"metric {name} is missing"
        return float(match[1])

    def peer_id(self):
        return self.get_json("/lean/v0/node/identity")["peer_id"]

    def multiaddr(self):
        return f"/ip4/127.0.0.1/udp/{self.quic}/quic-v1/p2p/{self.peer_id()}"

    def enr(self):
        return enr.record(bytes.fromhex(self.key), "127.0.0.1", self.quic)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


class Network:
    """A genesis directory and the nodes that run on it: `lepton_0`, `lepton_1`, … have a validator each, every other
    name is a node without one."""

    def __init__(self, lab, name, genesis_in, nodes=3, committees=1):
        """As many validators as `nodes`, and the genesis `genesis_in` seconds from now."""
        self.lab, self.committees, self.program = lab, committees, lab.programs.lepton
        self.directory = lab.directory / name
        self.directory.mkdir()
        self.genesis = self.directory / "genesis"
        self.genesis_time = int(time.time()) + genesis_in
        subprocess.run([lab.programs.lepton, "genesis", "--output-dir", self.genesis, "--num-validators", str(nodes),
                        "--nodes", str(nodes), "--scheme", "test", "--genesis-time", str(self.genesis_time)],
                       check=True, stdout=subprocess.DEVNULL)

    def start(self, name, bootnodes=(), flags=()):
        """Starts a node that dials `bootnodes`, a list of records."""
        base = free_base_port(2)
        key = secrets.token_hex(32)
        key_file = self.directory / f"{name}.key"
        key_file.write_text(key)
        nodes_file = self.directory / f"{name}.nodes.yaml"
        nodes_file.write_text("".join(f'- "{record}"\n' for record in bootnodes))
        genesis = self.genesis
        command = [
            self.program, "node", "--network", "leanspec-test", "--genesis", genesis / "config.yaml",
            "--validators", genesis / "annotated_validators.yaml", "--bootnodes", nodes_file,
            "--validator-config", genesis / "validator-config.yaml", "--hash-sig-keys-dir", genesis / "hash-sig-keys",
            "--node-key", key_file, "--node-id", name, "--data-dir", self.directory / f"{name}.data",
            "--gossipsub-port", str(base), "--api-port", str(base + 1), "--metrics-port", str(base + 1),
            "--attestation-committee-count", str(self.committees), "--log-level", "debug", *flags]
        node = Node(name, self.directory, [str(word) for word in command], base, base + 1, key)
        self.lab.keep(node)
        return node

    def copy_with_all_keys(self, name, seconds_earlier):
        """Returns a network with the same validators, all of them on one node, and an earlier genesis."""
        other = copy.copy(self)
        # One machine is to play two, and lepton refuses keys that another process of its machine has.
        other.program = self.lab.programs.lepton_shared_keys
        other.directory = self.lab.directory / name
        other.genesis, other.genesis_time = other.directory / "genesis", self.genesis_time - seconds_earlier
        shutil.copytree(self.genesis, other.genesis)
        for file, old, new in (("config.yaml", str(self.genesis_time), str(other.genesis_time)),
                               ("annotated_validators.yaml", r"\nlepton_[1-9]\d*:", "")):
            path = other.genesis / file
            text, count = re.subn(old, new, path.read_text())
            assert count, file
            path.write_text(text)
        return other

    def signed_blocks(self, slots):
        """Returns what lepton-signed-blocks prints, the blocks of `chain` and `wrong` as Material."""
        output = subprocess.run([self.lab.programs.signed_blocks, self.genesis, str(slots)], check=True,
                                capture_output=True, text=True).stdout
        found = json.loads(output)
        found["chain"] = [Material(block) for block in found["chain"]]
        found["wrong"] = {name: Material(block) for name, block in found["wrong"].items()}
        return found


class Material:
    """A signed block: its slot, root ("0x…") and bytes."""

    def __init__(self, told):
        self.slot, self.root, self.ssz = told["slot"], "0x" + told["root"], bytes.fromhex(told["ssz"])


def printed(name):
    """Returns a name of hive's as one word."""
    return name.replace(": ", "/").replace(" ", "_")


class Sequence:
    """Scenarios that follow each other on what `setup` makes of a lab. One that fails does not keep the next from
    running."""

    def __init__(self, setup):
        self.setup, self.scenarios = setup, []

    def scenario(self, name):
        """Adds the decorated function, which takes what `setup` made."""
        def add(function):
            self.scenarios.append((printed(name), function))
            return function
        return add


class Lab:
    """Starts processes and ends them all."""

    def __init__(self, programs, directory):
        self.programs, self.directory = programs, pathlib.Path(directory)
        self.lock = threading.Lock()
        self.peers, self.nodes, self.shared = [], [], {}

    def keep(self, node):
        with self.lock:
            self.nodes.append(node)

    def peer(self):
        key = secrets.token_hex(32)
        peer = Peer([self.programs.peer], self.directory / f"peer_{key[:8]}.log", key)
        with self.lock:
            self.peers.append(peer)
        return peer

    def share(self, name, make):
        """Returns what `make` made for the first who asked for `name`; others wait for it."""
        with self.lock:
            lock, made = self.shared.setdefault(name, (threading.Lock(), []))
        with lock:
            if not made:
                made.append(make(self))
            return made[0]

    def end(self, nodes):
        """Ends `nodes`; all must still run, and end in good order."""
        with self.lock:
            self.nodes = [node for node in self.nodes if node not in nodes]
        for node in nodes:
            node.resume()
            node.process.terminate()
        codes = {}
        for node in nodes:
            try:
                codes[node.name] = node.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                node.process.kill()
                codes[node.name] = f"none within {PATIENCE} s of SIGTERM"
        wrong = [f"{node.log_path.parent.name}/{node.name}: exit code {codes[node.name]}\n{node.log()[-1500:]}"
                 for node in nodes if codes[node.name] != 0]
        assert not wrong, "\n".join(wrong)

    def end_all(self):
        self.end(list(self.nodes))
        for peer in self.peers:
            peer.quit()

    def kill(self):
        for process in [*self.nodes, *self.peers]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.process.pid, signal.SIGCONT)
                process.process.kill()


def head_slot(fork_choice):
    """Returns the slot of the head."""
    return next(node["slot"] for node in fork_choice["nodes"] if node["root"] == fork_choice["head"])


def is_caught_up(client, source):
    """Whether a node with the answer `client` is where one with `source` is, as hive has it."""
    return client["head"] == source["head"] or head_slot(client) + HEAD_LAG_MAX >= head_slot(source)


def checkpoint_bytes(root, slot):
    """A Status is the finalized checkpoint, then the head."""
    return bytes.fromhex(root.removeprefix("0x")) + slot.to_bytes(8, "little")


class Mesh:
    """Three nodes with a validator each, of which the first aggregates: the network that most scenarios look at."""

    def __init__(self, lab):
        self.network = Network(lab, "mesh", genesis_in=10)
        self.nodes = []
        for i in range(3):
            flags = ["--is-aggregator"] if i == 0 else []
            self.nodes.append(self.network.start(f"lepton_{i}", self.bootnodes(), flags))
        for node in self.nodes:
            node.wait_until_up()

    def bootnodes(self):
        return [node.enr() for node in self.nodes]

    def source(self):
        """The fork choice of the node that the others are compared with."""
        return self.nodes[0].fork_choice()

    def wait_for_finality(self):
        """Returns when a block after the genesis is final everywhere."""
        wait_for("finality", lambda: min(node.finalized() for node in self.nodes) > 0, FINALITY_PATIENCE)
        return self


def finalizing_mesh(lab):
    """The one mesh of all who ask for it, with finality."""
    return lab.share("mesh", Mesh).wait_for_finality()


class Begun:
    """A network that began ten slots ago and has no block, a node without validators in it, whose only bootnode is a
    peer of ours, and blocks that its validators could have signed. Nothing but what peers of ours say can change the
    node's chain."""

    def __init__(self, lab, name, topics=(), blocks=6):
        """`topics`: those of the bootnode. `blocks`: the length of the chain that could have been."""
        self.lab = lab
        self.network = Network(lab, name, genesis_in=-10 * SLOT_SECONDS)
        told = self.network.signed_blocks(blocks)
        self.genesis, self.chain, self.wrong = "0x" + told["genesis"], told["chain"], told["wrong"]
        self.peer = lab.peer()
        self.say_status(checkpoint_bytes(self.genesis, 0))
        for topic in topics:
            self.peer.send("subscribe", topic=topic)

    def start(self):
        """Starts the node; returns the first thing it asks its bootnode for."""
        self.node = self.network.start(self.network.directory.name, [self.peer.enr()])
        self.peer.wait("connected", direction="inbound")
        first = self.peer.wait("request")
        self.node.wait_until_up()
        return first

    def say_status(self, head, finalized=None):
        """The bootnode says this of itself from now on; with no finalized checkpoint, that of the genesis."""
        finalized = finalized or checkpoint_bytes(self.genesis, 0)
        self.peer.carry_out("set_status", payload=(finalized + head).hex())

    def publisher(self):
        """Returns a new peer in the node's mesh of blocks."""
        peer = self.lab.peer()
        peer.send("subscribe", topic=BLOCKS)
        peer.dial(self.node)
        node = self.node.peer_id()
        wait_for("the node in the mesh", lambda: node in peer.mesh(BLOCKS), PATIENCE)
        return peer

    def serve(self, peer, blocks):
        for block in blocks:
            peer.carry_out("serve_block", root=block.root.removeprefix("0x"), block=block.ssz.hex())

    def roots(self):
        """Returns the roots of the node's tree."""
        return {block["root"] for block in self.node.fork_choice()["nodes"]}

    def wait_for_line(self, event, block, text):
        """Waits until the node's log has `event` of `block` with `text`; logs have the beginnings of roots."""
        line = re.compile(rf" {event} .*\broot={block.root[:10]}\b.* {re.escape(text)}\b")
        wait_for(f"a line {line.pattern}", lambda: line.search(self.node.log()), PATIENCE)

    def assert_at_genesis(self):
        tree = self.node.fork_choice()
        assert [block["slot"] for block in tree["nodes"]] == [0] and tree["head"] == self.genesis, tree


def wait_for_more(what, count, before):
    """Waits until the counter that `count` reads is above `before`."""
    wait_for(what, lambda: count() > before, PATIENCE)
