# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""hive's suite gossip: what a node does with gossip that is of no use to it, and with blocks in the wrong order."""

from lab import PATIENCE, Begun, Sequence, wait_for, wait_for_more
from scenarios import BLOCKS, STATUS

RAW_GOSSIP = "/meshsub/1.0.0"
OTHER_BLOCKS = BLOCKS.replace("12345678", "devnet0")


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number, data):
    """A protobuf field of bytes."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def snappy(data):
    """`data` in the raw snappy format, as one literal."""
    size = len(data) - 1
    return varint(len(data)) + bytes([61 << 2, *size.to_bytes(2, "little")]) + data


def rpc(topic, data, *more):
    """A gossip RPC with one message, as it is on the wire; `more`: further fields of the message."""
    body = field(2, b"".join([field(2, data), field(4, topic.encode()), *more]))
    return varint(len(body)) + body


def dropped(node, reason):
    return node.metric(f'libp2p_gossipsub_dropped_total{{reason="{reason}"}}')


def messages(node, event):
    return node.metric(f'libp2p_gossipsub_messages_total{{event="{event}"}}')


def begun(lab):
    made = Begun(lab, "gossip", topics=[BLOCKS])
    made.first_request = made.start()
    return made


gossip = Sequence(begun)


@gossip.scenario("gossip: client subscribes to block topic")
def subscribes(begun):
    assert begun.first_request["protocol"] == STATUS, begun.first_request
    begun.peer.wait("subscription", PATIENCE, topic=BLOCKS, subscribed=True, peer=begun.node.peer_id())


def send_alone(begun, bytes_sent, reason):
    """A peer sends an RPC on a stream of its own; the node must drop the message for `reason`."""
    before = dropped(begun.node, reason)
    peer = begun.lab.peer()
    peer.dial(begun.node)
    peer.send("send_bytes", peer=begun.node.peer_id(), protocol=RAW_GOSSIP, bytes=bytes_sent.hex(), id="raw")
    wait_for_more(f"a message dropped as {reason}", lambda: dropped(begun.node, reason), before)
    begun.assert_at_genesis()


@gossip.scenario("gossip: ignores wrong fork digest topic")
def ignores_other_networks(begun):
    # The block is good: only its topic keeps it out.
    send_alone(begun, rpc(OTHER_BLOCKS, snappy(begun.chain[0].ssz)), "unknown_topic")


@gossip.scenario("gossip: ignores signed messages")
def ignores_signed(begun):
    # As hive's mock sends them: with author, sequence number and signature.
    signed = rpc(BLOCKS, snappy(begun.chain[0].ssz), field(1, b"author"), field(3, bytes(8)), field(5, bytes(64)))
    send_alone(begun, signed, "names_origin")


@gossip.scenario("gossip: ignores malformed ssz")
def ignores_malformed(begun):
    garbage = b"\xef" * 1024
    send_alone(begun, rpc(BLOCKS, garbage), "bad_payload")
    before = messages(begun.node, "rejected")
    begun.publisher().publish(BLOCKS, data=garbage.hex())
    wait_for_more("the verdict on what SSZ does not read", lambda: messages(begun.node, "rejected"), before)
    begun.assert_at_genesis()


@gossip.scenario("gossip: deduplicates duplicate messages")
def deduplicates(begun):
    node, wrong = begun.node, begun.wrong["no_proposer"].ssz.hex()
    peers = [begun.publisher(), begun.publisher()]
    rejected, duplicates = messages(node, "rejected"), messages(node, "duplicate")
    peers[0].publish(BLOCKS, data=wrong)
    wait_for_more("the verdict", lambda: messages(node, "rejected"), rejected)
    peers[1].publish(BLOCKS, data=wrong)
    wait_for_more("the duplicate", lambda: messages(node, "duplicate"), duplicates)
    assert messages(node, "rejected") == rejected + 1, "judged once"
    begun.assert_at_genesis()


@gossip.scenario("gossip: caches orphan block")
def caches_orphans(begun):
    parent, child = begun.chain[:2]
    peer = begun.publisher()
    peer.publish(BLOCKS, data=child.ssz.hex())
    begun.wait_for_line("block_parked", child, f"missing={parent.root[:10]}")
    begun.assert_at_genesis()
    peer.publish(BLOCKS, data=parent.ssz.hex())
    wait_for("both are imported", lambda: begun.roots() == {begun.genesis, parent.root, child.root}, PATIENCE)
    assert begun.node.fork_choice()["head"] == child.root


SEQUENCES = [gossip]
NOT_APPLICABLE = []
