# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""hive's suite reqresp: Status, BlocksByRoot and BlocksByRange, good, at their limits and malformed; and what follows from
an answer."""

import witness
from lab import FINALITY_PATIENCE, PATIENCE, Begun, Network, Sequence, checkpoint_bytes, finalizing_mesh, wait_for
from scenarios import BLOCKS, BY_RANGE, BY_ROOT, STATUS, roots_payload

SUCCESS, INVALID_REQUEST = 0, 1
BLOCKS_MAX = 1024
UNKNOWN_ROOT = b"\xde" * 32
# 4 bytes of a data chunk's checksum, which is another one, and a byte.
WRONG_CHECKSUM = b"\x01\x05\x00\x00" + bytes(4) + b"x"
SNAPPY_BEGIN = b"\xff\x06\x00\x00sNaPpY"


def root_bytes(root):
    return bytes.fromhex(root.removeprefix("0x"))


def range_payload(start, count):
    return start.to_bytes(8, "little") + count.to_bytes(8, "little")


def status_payload(finalized, head):
    return checkpoint_bytes(finalized["root"], finalized["slot"]) + checkpoint_bytes(head["root"], head["slot"])


# ---- asked by a peer: a node whose network finalizes

class Server:
    """The node that is asked, and new peers who ask."""

    def __init__(self, lab):
        self.lab, self.mesh = lab, finalizing_mesh(lab)
        self.node = self.mesh.nodes[2]
        self.id = self.node.peer_id()

    def peer(self):
        peer = self.lab.peer()
        peer.dial(self.node)
        return peer

    def ask(self, protocol, payload):
        """A new peer asks; returns the chunks of the answer, None when the stream was reset."""
        return self.peer().request(self.id, protocol, payload)

    def known(self, count):
        """Returns the latest `count` blocks in the chain of the node's head, ascending."""
        def chain():
            tree = self.node.fork_choice()
            blocks = {block["root"]: block for block in tree["nodes"]}
            found, root = [], tree["head"]
            while root in blocks and blocks[root]["slot"] > 0 and len(found) < count:
                found.append(blocks[root])
                root = blocks[root]["parent_root"]
            return len(found) == count and found[::-1]
        return wait_for(f"{count} blocks", chain, FINALITY_PATIENCE)

    def assert_healthy(self):
        self.node.fork_choice()


def assert_blocks(chunks, expected):
    """The answer must be exactly the blocks that the fork choice tells of, in their order."""
    assert chunks is not None and [code for code, _ in chunks] == [SUCCESS] * len(expected), chunks
    for (_, payload), told in zip(chunks, expected):
        block = witness.Block(payload)
        assert "0x" + block.root.hex() == told["root"], (block.root.hex(), told)
        assert (block.slot, block.proposer_index) == (told["slot"], told["proposer_index"]), told
        assert "0x" + block.parent_root.hex() == told["parent_root"], told


serving = Sequence(Server)


@serving.scenario("reqresp/status/happy_path")
def status_happy_path(server):
    source = server.mesh.source()["finalized"]["slot"]
    wait_for("the finalized slot of the source", lambda: server.node.finalized() >= source, PATIENCE)
    peer = server.peer()

    def same():
        before = server.node.fork_choice()
        (code, status), = peer.request(server.id, STATUS, bytes(80))
        assert code == SUCCESS and len(status) == 80, (code, status)
        return before == server.node.fork_choice() and (before, status)
    tree, status = wait_for("a status between two equal answers", same, PATIENCE)
    head = next(block for block in tree["nodes"] if block["root"] == tree["head"])
    assert status == status_payload(tree["finalized"], head), (status.hex(), tree)


@serving.scenario("reqresp/status/advanced_head")
def status_advanced_head(server):
    wait_for("the head of the source", lambda: server.node.fork_choice()["head"] == server.mesh.source()["head"],
             FINALITY_PATIENCE)


def assert_malformed(chunks):
    """A malformed request must not be answered with success: an error chunk or the reset of the stream."""
    assert chunks is None or [code for code, _ in chunks] == [INVALID_REQUEST], chunks


@serving.scenario("reqresp/status/malformed_ssz")
def status_malformed(server):
    assert_malformed(server.ask(STATUS, b"\xff" * 4))
    server.assert_healthy()


@serving.scenario("reqresp/blocks_by_root/single_known_block")
def by_root_single(server):
    block, = server.known(1)
    assert_blocks(server.ask(BY_ROOT, roots_payload(root_bytes(block["root"]))), [block])


@serving.scenario("reqresp/blocks_by_root/multiple_known_blocks")
def by_root_multiple(server):
    newest_first = server.known(2)[::-1]
    roots = [root_bytes(block["root"]) for block in newest_first]
    assert_blocks(server.ask(BY_ROOT, roots_payload(*roots)), newest_first)


@serving.scenario("reqresp/blocks_by_root/unknown_root")
def by_root_unknown(server):
    assert server.ask(BY_ROOT, roots_payload(UNKNOWN_ROOT)) == []
    server.assert_healthy()


@serving.scenario("reqresp/blocks_by_root/mixed_known_unknown")
def by_root_mixed(server):
    blocks = server.known(2)
    first, second = (root_bytes(block["root"]) for block in blocks)
    assert_blocks(server.ask(BY_ROOT, roots_payload(first, UNKNOWN_ROOT, second)), blocks)


@serving.scenario("reqresp/blocks_by_root/max_request_limit")
def by_root_max(server):
    block, = server.known(1)
    assert_blocks(server.ask(BY_ROOT, roots_payload(*[root_bytes(block["root"])] * BLOCKS_MAX)), [block] * BLOCKS_MAX)


@serving.scenario("reqresp/blocks_by_root/too_many_roots")
def by_root_too_many(server):
    block, = server.known(1)
    assert_malformed(server.ask(BY_ROOT, roots_payload(*[root_bytes(block["root"])] * (BLOCKS_MAX + 1))))
    server.assert_healthy()


@serving.scenario("reqresp/blocks_by_root/duplicate_roots")
def by_root_duplicates(server):
    block, = server.known(1)
    assert_blocks(server.ask(BY_ROOT, roots_payload(*[root_bytes(block["root"])] * 5)), [block] * 5)


@serving.scenario("reqresp/blocks_by_root/malformed_request")
def by_root_malformed(server):
    assert_malformed(server.ask(BY_ROOT, b"\xab" * 64))
    server.assert_healthy()


@serving.scenario("reqresp/blocks_by_range/single_known_block")
def by_range_single(server):
    block, = server.known(1)
    assert_blocks(server.ask(BY_RANGE, range_payload(block["slot"], 1)), [block])


@serving.scenario("reqresp/blocks_by_range/multiple_known_blocks")
def by_range_multiple(server):
    blocks = server.known(3)
    first, last = blocks[0]["slot"], blocks[-1]["slot"]
    assert_blocks(server.ask(BY_RANGE, range_payload(first, last - first + 1)), blocks)


@serving.scenario("reqresp/blocks_by_range/zero_count")
def by_range_zero(server):
    (code, _), = server.ask(BY_RANGE, range_payload(0, 0))
    assert code == INVALID_REQUEST, code


@serving.scenario("reqresp/blocks_by_range/too_many_blocks")
def by_range_too_many(server):
    (code, _), = server.ask(BY_RANGE, range_payload(0, BLOCKS_MAX + 1))
    assert code == INVALID_REQUEST, code


@serving.scenario("reqresp/malformed_frames")
def malformed_frames(server):
    """Bytes that are no request at all, on each protocol; every stream must end, without success."""
    requests = {"nothing": b"", "no snappy": b"\x50" + bytes(80), "no end of a number": b"\xff" * 11,
                "size without data": b"\x50" + SNAPPY_BEGIN, "huge size": b"\xff\xff\xff\xff\xff\x7f" + SNAPPY_BEGIN,
                "wrong checksum": b"\x01" + SNAPPY_BEGIN + WRONG_CHECKSUM}
    protocols = (STATUS, BY_ROOT, BY_RANGE)

    def refused():
        return sum(server.node.metric(f'libp2p_requests_refused_total{{reason="{reason}"}}')
                   for reason in ("malformed", "too_large"))
    before = refused()
    for protocol in protocols:
        peer = server.peer()
        for name, data in requests.items():
            answer = peer.send_bytes(server.id, protocol, data, name)
            assert not answer["ok"] and answer["chunks"] == [], (name, answer)
    assert refused() - before == len(protocols) * len(requests)
    block, = server.known(1)
    assert_blocks(server.ask(BY_ROOT, roots_payload(root_bytes(block["root"]))), [block])


@serving.scenario("reqresp/concurrency/per_peer_request_limit")
def concurrency(server):
    block, = server.known(1)
    payload = roots_payload(*[root_bytes(block["root"])] * 5)
    peers = [server.peer() for _ in range(5)]
    for peer in peers:
        peer.send("request", peer=server.id, protocol=BY_ROOT, payload=payload.hex(), id="at once")
    for peer in peers:
        answer = peer.wait("response", id="at once")
        assert answer["ok"], answer
        assert_blocks([(chunk["code"], bytes.fromhex(chunk["payload"])) for chunk in answer["chunks"]], [block] * 5)
    server.assert_healthy()


# ---- two nodes at genesis

def two_at_genesis(lab):
    network = Network(lab, "two_at_genesis", genesis_in=3600)
    first = network.start("first").wait_until_up()
    return first, network.start("second", [first.enr()]).wait_until_up()


genesis_only = Sequence(two_at_genesis)


@genesis_only.scenario("reqresp/status/genesis_only")
def status_genesis_only(nodes):
    for node in nodes:
        wait_for("a Status was understood", lambda node=node: "result=success" in node.log(), PATIENCE)
        tree = node.fork_choice()
        genesis = {"slot": 0, "root": tree["head"]}
        assert tree["finalized"] == tree["justified"] == genesis, tree
        assert [block["root"] for block in tree["nodes"]] == [tree["head"]], tree


# ---- a bootnode whose Status is wrong

def status_of_nowhere(head_root, head_slot, finalized_root, finalized_slot):
    """Returns what starts a node whose bootnode has this Status, and has answered with it."""
    def setup(lab):
        begun = Begun(lab, f"status_{head_slot}")
        begun.say_status(checkpoint_bytes(head_root, head_slot), checkpoint_bytes(finalized_root, finalized_slot))
        first = begun.start()
        genesis = checkpoint_bytes(begun.genesis, 0)
        assert first["protocol"] == STATUS and first["payload"] == (genesis + genesis).hex(), first
        wait_for("the Status was understood", lambda: "status_received" in begun.node.log(), PATIENCE)
        return begun
    return setup


incompatible_root = Sequence(status_of_nowhere("ad" * 32, 5, "de" * 32, 4))


@incompatible_root.scenario("reqresp/status/incompatible_finalized_root")
def status_incompatible_root(begun):
    # It looks for the head that it is told of, and finds nothing.
    asked = begun.peer.wait("request", protocol=BY_ROOT)
    assert asked["payload"] == roots_payload(b"\xad" * 32).hex(), asked
    begun.assert_at_genesis()
    assert begun.node.finalized() == 0


incompatible_fork = Sequence(status_of_nowhere("be" * 32, 999_999_999, "00" * 32, 0))


@incompatible_fork.scenario("reqresp/status/incompatible_fork_or_network")
def status_incompatible_fork(begun):
    # A head that nobody can have is not looked for.
    assert begun.peer.find("request", 3) is None
    begun.assert_at_genesis()
    assert begun.node.finalized() == 0


# ---- a node that must fetch what it misses

def fetching(lab):
    begun = Begun(lab, "backfill", topics=[BLOCKS])
    begun.start()
    return begun


backfill = Sequence(fetching)


@backfill.scenario("reqresp/sync/missing_parent_backfill")
def missing_parent_backfill(begun):
    *ancestors, tip = begun.chain[:4]
    begun.serve(begun.peer, ancestors)
    node = begun.node.peer_id()
    wait_for("the node in the mesh", lambda: node in begun.peer.mesh(BLOCKS), PATIENCE)
    begun.peer.publish(BLOCKS, data=tip.ssz.hex())
    wait_for("the chain is whole", lambda: begun.node.fork_choice()["head"] == tip.root, PATIENCE)
    # Two votes in a row have made the second block final.
    tree = begun.node.fork_choice()
    expected = [block.root for block in begun.chain[:4] if block.slot >= tree["finalized"]["slot"]]
    assert [block["root"] for block in sorted(tree["nodes"], key=lambda block: block["slot"])] == expected, tree
    assert begun.peer.find("request", 0, protocol=BY_ROOT), "it asked for the blocks"


def with_silent_chain(lab):
    """A node whose bootnode has a chain that it serves and never gossips."""
    begun = Begun(lab, "catch_up")
    tip = begun.chain[-1]
    begun.say_status(checkpoint_bytes(tip.root, tip.slot))
    begun.serve(begun.peer, begun.chain)
    begun.start()
    return begun


catch_up = Sequence(with_silent_chain)


@catch_up.scenario("reqresp/sync/catch_up_from_status")
def catch_up_from_status(begun):
    wait_for("the head of the bootnode", lambda: begun.node.fork_choice()["head"] == begun.chain[-1].root, PATIENCE)
    finalized = begun.node.fork_choice()["finalized"]
    assert finalized["slot"] > 0 and finalized["root"] == begun.chain[finalized["slot"] - 1].root, finalized


SEQUENCES = [serving, genesis_only, incompatible_root, incompatible_fork, backfill, catch_up]
NOT_APPLICABLE = []
