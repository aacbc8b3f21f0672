# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""Whole lepton nodes whose only peer is the stranger: what reaches one from the other went through it.

Two nodes with one validator each need each other's votes to justify anything. A third one starts late and has to fetch.
"""

import contextlib
import json
import re
import signal
import socket
import subprocess
import time
import urllib.request

from scenarios import BLOCKS, BY_ROOT, STATUS, root_of, roots_payload

VOTES = "/leanconsensus/12345678/attestation_0/ssz_snappy"
AGGREGATES = "/leanconsensus/12345678/aggregation/ssz_snappy"
# Knows of nothing: nobody asks it for a range.
NO_CHAIN = bytes(80).hex()
SECONDS_TO_GENESIS = 15
STEPS = ("status_first", "finalize_through_the_stranger", "blocks_served_to_the_stranger",
         "late_node_fetches_from_the_stranger", "stranger_killed", "node_killed")


def free_port():
    """Returns a port that is free for both TCP and UDP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                udp.bind(tcp.getsockname())
                return tcp.getsockname()[1]


class Node:
    def __init__(self, lab, number, genesis, bootnode):
        self.name, self.log = f"lepton_{number}", lab.directory / f"node_{number}.log"
        bootnodes = lab.directory / "bootnodes.yaml"
        bootnodes.write_text(f"- {bootnode}\n")
        quic, self.api = free_port(), free_port()
        self.command = [
            lab.programs.lepton, "node", "--network", "leanspec-test", "--genesis", f"{genesis}/config.yaml",
            "--validators", f"{genesis}/annotated_validators.yaml", "--bootnodes", str(bootnodes),
            "--validator-config", f"{genesis}/validator-config.yaml", "--hash-sig-keys-dir",
            f"{genesis}/hash-sig-keys", "--node-key", f"{genesis}/{self.name}.key", "--node-id", self.name,
            "--data-dir", str(lab.directory / self.name), "--gossipsub-port", str(quic), "--api-port", str(self.api),
            "--metrics-port", str(self.api), "--is-aggregator"]
        self.start()
        lab.nodes.append(self)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api}{path}", timeout=5) as answer:
            return answer.read().decode()

    def fork_choice(self):
        return json.loads(self.get("/lean/v0/fork_choice"))

    def finalized(self):
        """Returns the finalized slot, -1 while the node does not answer."""
        try:
            return self.fork_choice()["finalized"]["slot"]
        except OSError:
            return -1

    def roots(self):
        """Returns the roots of the blocks it knows by their slots; nothing while it does not answer."""
        try:
            return {block["slot"]: bytes.fromhex(block["root"].removeprefix("0x"))
                    for block in self.fork_choice()["nodes"]}
        except OSError:
            return {}

    def peers(self):
        return sum(float(count) for count in
                   re.findall(r"^lean_connected_peers(?:\{[^}]*\})? (\S+)$", self.get("/metrics"), re.MULTILINE))

    def quit(self):
        """Ends the node in good order; it must do so with code 0."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        assert code == 0, f"{self.name}: ended with code {code}"


class Chain:
    """The blocks that the stranger has, by their roots, and who brought what it heard."""

    def __init__(self, lab, nodes):
        self.lab, self.nodes = lab, nodes
        self.roots, self.heard, self.blocks = {}, {}, {}
        self.sources = {BLOCKS: set(), VOTES: set(), AGGREGATES: set()}

    def look(self, stranger):
        """Takes what the stranger has heard; it serves the blocks from now on."""
        while heard := stranger.find("message", 0):
            self.sources[heard["topic"]].add(heard["from"])
            if heard["topic"] == BLOCKS:
                # SignedBlock: two offsets of four bytes, then the block, whose slot comes first.
                data = bytes.fromhex(heard["data"])
                self.heard[int.from_bytes(data[8:16], "little")] = data
        # The nodes compute the roots; a slot has one proposer, so it names a block.
        for node in self.nodes:
            self.roots.update(node.roots())
        for slot in sorted(self.heard.keys() & self.roots.keys()):
            self.serve(stranger, self.roots[slot], self.heard.pop(slot))

    def serve(self, stranger, root, block):
        self.blocks[root] = block
        stranger.carry_out("serve_block", root=root.hex(), block=block.hex())

    def fetch(self, stranger, node, peer):
        """The stranger asks for the blocks of `node` that it has not heard of, as far as it gets an answer."""
        for slot, root in sorted(node.roots().items()):
            if slot == 0 or root in self.blocks:
                continue
            answer = stranger.ask(self.lab.named(peer), BY_ROOT, roots_payload(root), f"fetch {root.hex()}")
            if not answer["ok"]:
                return
            assert [chunk["code"] for chunk in answer["chunks"]] == [0], answer
            self.serve(stranger, root, bytes.fromhex(answer["chunks"][0]["payload"]))

    def wait_until(self, stranger, what, condition, seconds, sources=()):
        """`sources`: nodes, with their peer ids, that may have blocks which the stranger has not heard of."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            self.look(stranger)
            for node, peer in sources:
                self.fetch(stranger, node, peer)
            time.sleep(0.5)


def greet(stranger):
    stranger.carry_out("set_status", payload=NO_CHAIN)
    for topic in (BLOCKS, VOTES, AGGREGATES):
        stranger.send("subscribe", topic=topic)


def run(lab):
    """Yields after each of STEPS."""
    stranger = lab.stranger()
    greet(stranger)
    genesis = lab.directory / "genesis"
    subprocess.run([lab.programs.lepton, "genesis", "--output-dir", str(genesis), "--num-validators", "2", "--nodes",
                    "3", "--scheme", "test", "--genesis-time", str(int(time.time()) + SECONDS_TO_GENESIS)],
                   check=True, stdout=subprocess.DEVNULL)
    nodes = []
    ids = []
    for number in range(2):
        nodes.append(Node(lab, number, genesis, stranger.addr))
        ids.append(stranger.wait("connected", direction="inbound")["peer"])
        asked = stranger.wait("request", peer=ids[number])
        assert asked["protocol"] == STATUS and len(asked["payload"]) == 160, asked
        answer = stranger.ask(lab.named(ids[number]), STATUS, bytes(80), f"status {number}")
        assert answer["ok"] and len(answer["chunks"]) == 1 and answer["chunks"][0]["code"] == 0, answer
    yield

    chain = Chain(lab, nodes)

    def all_finalized(slot, of=None):
        return lambda: min(node.finalized() for node in of or nodes) >= slot
    chain.wait_until(stranger, "both finalize", all_finalized(3), 90)
    assert [node.peers() for node in nodes] == [1, 1], "they know nobody but the stranger"
    assert chain.sources[BLOCKS] == chain.sources[VOTES] == set(ids), chain.sources
    yield

    roots = sorted(chain.blocks)[:3]
    for number, peer in enumerate(ids):
        answer = stranger.ask(lab.named(peer), BY_ROOT, roots_payload(roots[0], root_of(9), *roots[1:]), f"b{number}")
        assert answer["ok"], answer
        assert [chunk["code"] for chunk in answer["chunks"]] == [0, 0, 0], answer
        assert [bytes.fromhex(chunk["payload"]) for chunk in answer["chunks"]] == [chain.blocks[r] for r in roots]
        answer = stranger.ask(lab.named(peer), BY_ROOT, roots_payload(root_of(9)), f"none{number}")
        assert answer["ok"] and answer["chunks"] == [], answer
    yield

    late = Node(lab, 2, genesis, stranger.addr)
    late_id = stranger.wait("connected", direction="inbound")["peer"]
    target = nodes[0].finalized() + 2
    chain.wait_until(stranger, "the late node catches up", all_finalized(target, [*nodes, late]), 60)
    assert late.peers() == 1
    assert stranger.find("request", 0, peer=late_id, protocol=BY_ROOT), "it fetched blocks by root"
    late.quit()
    yield

    stranger.kill()
    stranger = lab.restart(stranger)
    greet(stranger)
    for block_root, block in chain.blocks.items():
        chain.serve(stranger, block_root, block)
    for peer in ids:
        stranger.wait("connected", 90, peer=peer, direction="inbound")
    # Meanwhile each node went on alone, on a fork of its own.
    both = list(zip(nodes, ids))
    target = nodes[0].finalized() + 3
    chain.wait_until(stranger, "they finalize again", all_finalized(target), 60, both)
    yield

    # At once: the stranger still believes in the old connection when the new process dials it.
    nodes[1].process.kill()
    nodes[1].process.wait()
    nodes[1].start()
    target = nodes[0].finalized() + 3
    chain.wait_until(stranger, "they finalize after a restart", all_finalized(target), 120, both)
    for node in nodes:
        node.quit()
    yield
