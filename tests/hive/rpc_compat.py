# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""hive's suite rpc-compat: what the HTTP API says on a node at genesis, and on one whose network finalizes."""

import re

import state
import witness
from lab import FINALITY_PATIENCE, Network, Sequence, finalizing_mesh, wait_for

SSZ = "application/octet-stream"
ROOT = re.compile("0x[0-9a-f]{64}")
ZERO_ROOT = "0x" + 64 * "0"


def assert_roots(*roots):
    for root in roots:
        assert ROOT.fullmatch(root), root


def all_roots(tree):
    return [tree["head"], tree["safe_target"], tree["justified"]["root"], tree["finalized"]["root"],
            *(node[name] for node in tree["nodes"] for name in ("root", "parent_root"))]


def finalized_state(node):
    status, content_type, body = node.get("/lean/v0/states/finalized", SSZ)
    assert (status, content_type) == (200, SSZ), (status, content_type)
    return state.State(body)


def finalized_block(node):
    status, content_type, body = node.get("/lean/v0/blocks/finalized", SSZ)
    assert (status, content_type) == (200, SSZ), (status, content_type)
    return witness.Block(body)


# ---- a node that has nothing but the genesis

def fresh_node(lab):
    return Network(lab, "fresh", genesis_in=3600).start("lepton_0").wait_until_up()


fresh = Sequence(fresh_node)


@fresh.scenario("rpc_compat: health healthy")
def health(node):
    assert node.get_json("/lean/v0/health") == {"status": "healthy", "service": "lean-rpc-api"}


@fresh.scenario("rpc_compat: checkpoints justified root encoding")
def checkpoint_root(node):
    assert_roots(node.get_json("/lean/v0/checkpoints/justified")["root"])


@fresh.scenario("rpc_compat: checkpoints justified fields")
def checkpoint_fields(node):
    checkpoint = node.get_json("/lean/v0/checkpoints/justified")
    assert set(checkpoint) == {"slot", "root"} and type(checkpoint["slot"]) is int, checkpoint


@fresh.scenario("rpc_compat: checkpoints justified genesis")
def checkpoint_genesis(node):
    assert node.get_json("/lean/v0/checkpoints/justified")["slot"] == 0


@fresh.scenario("rpc_compat: forkchoice no head")
def no_head(node):
    tree = node.fork_choice()
    assert [block["slot"] for block in tree["nodes"]] == [0], tree
    assert tree["head"] == tree["nodes"][0]["root"], tree


@fresh.scenario("rpc_compat: forkchoice no justified")
def no_justified(node):
    tree = node.fork_choice()
    assert tree["justified"] == {"slot": 0, "root": tree["head"]}, tree
    assert_roots(tree["head"])


@fresh.scenario("rpc_compat: forkchoice no finalized")
def no_finalized(node):
    tree = node.fork_choice()
    assert tree["finalized"] == {"slot": 0, "root": tree["head"]}, tree
    assert_roots(tree["head"])


@fresh.scenario("rpc_compat: forkchoice no nodes")
def no_nodes(node):
    tree = node.fork_choice()
    assert [(block["slot"], block["parent_root"]) for block in tree["nodes"]] == [(0, ZERO_ROOT)], tree


@fresh.scenario("rpc_compat: forkchoice defaults missing weight to zero")
def no_weight(node):
    assert [block["weight"] for block in node.fork_choice()["nodes"]] == [0]


@fresh.scenario("rpc_compat: forkchoice zero validator count when head state missing")
def validator_count(node):
    tree = node.fork_choice()
    assert len(tree["nodes"]) == 1 and tree["validator_count"] == 3, tree


@fresh.scenario("rpc_compat: forkchoice hex encodes roots")
def hex_roots(node):
    assert_roots(*all_roots(node.fork_choice()))


@fresh.scenario("rpc_compat: forkchoice includes expected node fields")
def node_fields(node):
    block, = node.fork_choice()["nodes"]
    assert_roots(block.pop("root"))
    assert block == {"slot": 0, "parent_root": ZERO_ROOT, "proposer_index": 0, "weight": 0}, block


@fresh.scenario("rpc_compat: forkchoice")
def whole_fork_choice(node):
    tree = node.fork_choice()
    genesis = tree["head"]
    assert tree == {
        "nodes": [{"root": genesis, "slot": 0, "parent_root": ZERO_ROOT, "proposer_index": 0, "weight": 0}],
        "head": genesis, "justified": {"slot": 0, "root": genesis}, "finalized": {"slot": 0, "root": genesis},
        "safe_target": genesis, "validator_count": 3}, tree


@fresh.scenario("rpc_compat: state returns ssz encoded finalized state")
def state_is_ssz(node):
    assert finalized_state(node).validators


@fresh.scenario("rpc_compat: state returns octet-stream content type")
def state_content_type(node):
    assert node.get("/lean/v0/states/finalized", SSZ)[:2] == (200, SSZ)


@fresh.scenario("rpc_compat: state ssz decodes config")
def state_config(node):
    assert finalized_state(node).genesis_time == node.get_json("/lean/v0/genesis")["genesis_time"] > 0


@fresh.scenario("rpc_compat: state ssz decodes slot")
def state_slot(node):
    assert finalized_state(node).slot == node.fork_choice()["finalized"]["slot"]


@fresh.scenario("rpc_compat: state ssz decodes latest block header")
def state_header(node):
    found = finalized_state(node)
    assert found.header.slot == found.slot
    assert found.header.proposer_index < len(found.validators)


@fresh.scenario("rpc_compat: state ssz decodes latest justified")
def state_justified(node):
    found = finalized_state(node)
    assert found.latest_justified.slot == node.fork_choice()["justified"]["slot"] >= found.latest_finalized.slot


@fresh.scenario("rpc_compat: state ssz decodes latest finalized")
def state_finalized(node):
    found = finalized_state(node)
    assert found.latest_finalized.slot == node.fork_choice()["finalized"]["slot"] <= found.slot


@fresh.scenario("rpc_compat: state ssz decodes historical block hashes")
def state_history(node):
    found = finalized_state(node)
    assert len(found.historical_block_hashes) <= found.slot + 1


@fresh.scenario("rpc_compat: state ssz decodes justified slots")
def state_justified_slots(node):
    indices, length = witness.bits(finalized_state(node).justified_slots)
    assert all(index < length for index in indices)


@fresh.scenario("rpc_compat: state ssz decodes validators")
def state_validators(node):
    assert [validator.index for validator in finalized_state(node).validators] == [0, 1, 2]


@fresh.scenario("rpc_compat: state ssz decodes justifications roots")
def state_justifications_roots(node):
    found = finalized_state(node)
    assert len(found.justifications_roots) <= len(found.historical_block_hashes)


@fresh.scenario("rpc_compat: state ssz decodes justifications validators")
def state_justifications_validators(node):
    found = finalized_state(node)
    _, length = witness.bits(found.justifications_validators)
    assert length == len(found.justifications_roots) * len(found.validators)


@fresh.scenario("rpc_compat: state decodes")
def whole_state(node):
    found, tree = finalized_state(node), node.fork_choice()
    assert found.validators
    assert found.latest_justified.slot == tree["justified"]["slot"]
    assert found.latest_finalized.slot == tree["finalized"]["slot"] <= found.slot
    # More than hive asks: the genesis block is that of this state.
    assert "0x" + finalized_block(node).root.hex() == tree["head"]
    assert finalized_block(node).state_root == found.root()


# ---- nodes that finalize; where hive starts its node from a checkpoint, it begins at genesis here

post_genesis = Sequence(finalizing_mesh)


@post_genesis.scenario("rpc_compat: checkpoints justified post-genesis")
def checkpoint_justified(mesh):
    def both():
        source, client = mesh.source()["justified"], mesh.nodes[2].get_json("/lean/v0/checkpoints/justified")
        assert source["slot"] > 0 and client["slot"] > 0, (source, client)
        assert_roots(client["root"])
        return client["slot"] == source["slot"] and (source, client)
    source, client = wait_for("the same justified slot", both, FINALITY_PATIENCE)
    assert source == client, (source, client)


def pruned_tree(mesh):
    """Returns the slot that was final for the source, and the tree of another node that knows so."""
    boundary = mesh.source()["finalized"]["slot"]
    assert boundary > 0
    wait_for("the finalized slot of the source", lambda: mesh.nodes[2].finalized() >= boundary, FINALITY_PATIENCE)
    tree = mesh.nodes[2].fork_choice()
    assert_roots(*all_roots(tree))
    return boundary, tree


@post_genesis.scenario("rpc_compat: forkchoice filters nodes before finalized slot")
def filters_nodes(mesh):
    boundary, tree = pruned_tree(mesh)
    assert tree["nodes"] and min(block["slot"] for block in tree["nodes"]) >= boundary, (boundary, tree)


@post_genesis.scenario("rpc_compat: forkchoice keeps nodes at or beyond finalized slot")
def keeps_nodes(mesh):
    boundary, tree = pruned_tree(mesh)
    assert min(block["slot"] for block in tree["nodes"]) == tree["finalized"]["slot"] >= boundary, (boundary, tree)
    assert max(block["slot"] for block in tree["nodes"]) > tree["finalized"]["slot"], tree


@post_genesis.scenario("rpc_compat: forkchoice returns empty nodes when all blocks are pre-finalized")
def no_old_nodes(mesh):
    boundary, tree = pruned_tree(mesh)
    assert all(block["slot"] >= boundary and block["root"] != ZERO_ROOT for block in tree["nodes"]), (boundary, tree)
    assert tree["justified"]["slot"] > 0, tree


@post_genesis.scenario("rpc_compat: state finalized endpoint tracks latest finalized slot")
def state_tracks(mesh):
    boundary, _ = pruned_tree(mesh)
    node = mesh.nodes[2]
    found = finalized_state(node)
    assert found.slot >= boundary and found.slot >= found.latest_finalized.slot
    assert found.header.slot >= found.latest_finalized.slot
    assert node.finalized() >= boundary
    # More than hive asks: it moves on.
    wait_for("a later finalized state", lambda: finalized_state(node).slot > found.slot, FINALITY_PATIENCE)


@post_genesis.scenario("rpc_compat: finalized block pairs with finalized state")
def block_pairs(mesh):
    node = mesh.nodes[2]

    def pair():
        before = node.fork_choice()["finalized"]
        found, block = finalized_state(node), finalized_block(node)
        return node.fork_choice()["finalized"] == before and (before, found, block)
    before, found, block = wait_for("three answers about one block", pair, FINALITY_PATIENCE)
    assert before["slot"] > 0
    assert block.state_root == found.root()
    assert block.slot == found.slot == before["slot"]
    assert "0x" + block.root.hex() == before["root"]


SEQUENCES = [fresh, post_genesis]
NOT_APPLICABLE = []
