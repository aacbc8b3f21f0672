# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""hive's suite validation: blocks with one thing wrong. Unlike hive's they are of a slot that has begun, built on the
node's head and signed by the key of their proposer, so nothing else keeps them out."""

from gossip import messages
from lab import PATIENCE, Begun, Sequence, wait_for, wait_for_more
from scenarios import BLOCKS


def begun(lab):
    made = Begun(lab, "validation", topics=[BLOCKS])
    made.start()
    return made


validation = Sequence(begun)


def publish(begun, block):
    peer = begun.publisher()
    peer.publish(BLOCKS, data=block.ssz.hex())


def expect_rejected(begun, block):
    """The node must find the proof of `block` wrong."""
    before = messages(begun.node, "rejected")
    publish(begun, block)
    wait_for_more("the verdict", lambda: messages(begun.node, "rejected"), before)
    begun.assert_at_genesis()


@validation.scenario("validation: rejects block with invalid proposer")
def invalid_proposer(begun):
    expect_rejected(begun, begun.wrong["no_proposer"])
    block = begun.wrong["proposer"]
    publish(begun, block)
    begun.wait_for_line("block_rejected", block, "reason=WRONG_PROPOSER")
    begun.assert_at_genesis()


@validation.scenario("validation: rejects block with invalid parent root")
def invalid_parent_root(begun):
    block = begun.wrong["parent_root"]
    publish(begun, block)
    begun.wait_for_line("block_parked", block, f"missing=0x{'de' * 4}")
    begun.assert_at_genesis()


@validation.scenario("validation: rejects block with invalid state root")
def invalid_state_root(begun):
    block = begun.wrong["state_root"]
    publish(begun, block)
    begun.wait_for_line("block_rejected", block, "reason=STATE_ROOT_MISMATCH")
    begun.assert_at_genesis()


@validation.scenario("validation: rejects block with invalid proof")
def invalid_proof(begun):
    expect_rejected(begun, begun.wrong["proof"])


@validation.scenario("validation: accepts the block without fault")
def valid_block(begun):
    publish(begun, begun.chain[0])
    wait_for("the block is imported", lambda: begun.roots() == {begun.genesis, begun.chain[0].root}, PATIENCE)
    assert begun.node.fork_choice()["head"] == begun.chain[0].root


SEQUENCES = [validation]
NOT_APPLICABLE = []
