# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""hive's suite sync: nodes that join late, nodes that stood still while the chain went on, and a peer whose chain is ahead
of the network's because it began earlier."""

import time

from lab import (FINALITY_PATIENCE, HEAD_LAG_MAX, PATIENCE, Begun, Mesh, Sequence, checkpoint_bytes, head_slot,
                 is_caught_up, wait_for)
from scenarios import BLOCKS, BY_ROOT

LATE_START_SECONDS = 20
FINALIZED_LAG_MAX = 4
PAUSE_HEAD_MIN = 4
BAD_LEAD_MIN = 4
# Slots of a chain most of which have not begun for minutes.
FAR_AHEAD = 60


def shared_mesh(lab):
    return lab.share("mesh", Mesh)


# ---- joining late

late = Sequence(shared_mesh)


@late.scenario("sync: late joiner syncs and finalizes")
def late_joiner(mesh):
    time.sleep(max(0.0, mesh.network.genesis_time + LATE_START_SECONDS - time.time()))
    node = mesh.network.start("late_joiner", mesh.bootnodes()).wait_until_up()

    def is_with_them():
        source, joiner = mesh.source(), node.fork_choice()
        return (min(source["finalized"]["slot"], joiner["finalized"]["slot"]) > 0
                and abs(head_slot(source) - head_slot(joiner)) <= HEAD_LAG_MAX
                and source["finalized"]["slot"] - joiner["finalized"]["slot"] <= FINALIZED_LAG_MAX)
    wait_for("the late joiner finalizes near the others", is_with_them, FINALITY_PATIENCE)


# ---- standing still

class Joined:
    """A node without validators in the mesh."""

    def __init__(self, mesh, name, more_bootnodes=()):
        self.mesh = mesh
        self.node = mesh.network.start(name, [*mesh.bootnodes(), *more_bootnodes]).wait_until_up()

    def wait_until_caught_up(self, head_slot_min=0):
        """Returns what the node says when it has caught up with a source that has finality."""
        def caught_up():
            source, client = self.mesh.source(), self.node.fork_choice()
            is_there = head_slot(client) >= head_slot_min and is_caught_up(client, source)
            return is_there and source["finalized"]["slot"] > 0 and client
        return wait_for(f"{self.node.name} caught up", caught_up, FINALITY_PATIENCE)

    def stand_still_until(self, checkpoint, while_paused=lambda: None):
        """Pauses the node until `checkpoint` of the others is later than its head, and `while_paused` has been called;
        returns when it has caught up again."""
        paused_at = head_slot(self.wait_until_caught_up(PAUSE_HEAD_MIN))
        self.node.pause()
        try:
            def passed():
                slot = self.mesh.source()[checkpoint]["slot"]
                return slot > paused_at and slot
            boundary = wait_for(f"a later {checkpoint} slot than {paused_at}", passed, FINALITY_PATIENCE)
            while_paused()
        finally:
            self.node.resume()
        client = self.wait_until_caught_up()
        assert head_slot(client) + HEAD_LAG_MAX >= boundary > paused_at, (client, boundary, paused_at)


def joined(name):
    return lambda lab: Joined(shared_mesh(lab), name)


head_recovery = Sequence(joined("behind_justified"))
finalized_recovery = Sequence(joined("behind_finalized"))


@head_recovery.scenario("sync: head recovery")
def recovers_behind_justified(joined):
    joined.stand_still_until("justified")


@finalized_recovery.scenario("sync: head behind finalized recovery")
def recovers_behind_finalized(joined):
    joined.stand_still_until("finalized")


# ---- a chain that is ahead

class Tempted(Joined):
    """A node in the mesh one of whose bootnodes belongs to a network with the same keys and an earlier genesis."""

    def __init__(self, lab):
        mesh = shared_mesh(lab)
        network = mesh.network.copy_with_all_keys("ahead", seconds_earlier=40)
        # It has nobody to hear from, and must not wait for that.
        self.bad = network.start("lepton_0", [], ["--is-aggregator", "--disable-duty-sync-gate"]).wait_until_up()
        super().__init__(mesh, "tempted", [self.bad.enr()])

    def wait_until_bad_is_ahead(self):
        """The bad peer must have more than the source at the same time."""
        def ahead():
            bad, source = self.bad.fork_choice(), self.mesh.source()
            return (bad["finalized"]["slot"] >= source["finalized"]["slot"] + BAD_LEAD_MIN
                    and head_slot(bad) >= head_slot(source) + BAD_LEAD_MIN)
        wait_for("the bad peer is ahead", ahead, FINALITY_PATIENCE)

    def expect_rejected(self):
        """Nothing of the bad peer's chain may be in the node's."""
        self.wait_until_bad_is_ahead()
        client, bad = self.node.fork_choice(), self.bad.fork_choice()
        assert client["finalized"]["root"] != bad["finalized"]["root"]
        assert head_slot(client) + HEAD_LAG_MAX < head_slot(bad), (client, bad)
        assert {block["root"] for block in client["nodes"]}.isdisjoint(block["root"] for block in bad["nodes"])


tempted = Sequence(Tempted)


@tempted.scenario("sync: head behind finalized rejects ahead bad checkpoint")
def rejects_bad_checkpoint(tempted):
    bad_id = tempted.bad.peer_id()
    wait_for("the Status of the bad peer", lambda: f"status_received peer={bad_id}" in tempted.node.log(), PATIENCE)
    tempted.wait_until_caught_up(PAUSE_HEAD_MIN)
    tempted.expect_rejected()
    tempted.stand_still_until("finalized", tempted.wait_until_bad_is_ahead)
    tempted.expect_rejected()


def far_ahead(lab):
    """A node whose bootnode has a chain of the right genesis, validly signed, of slots that have not begun."""
    begun = Begun(lab, "far_ahead", topics=[BLOCKS], blocks=FAR_AHEAD)
    begun.say_status(checkpoint_bytes(begun.chain[-1].root, FAR_AHEAD))
    begun.serve(begun.peer, begun.chain)
    begun.start()
    return begun


future = Sequence(far_ahead)


@future.scenario("sync: refuses blocks of slots that have not begun")
def refuses_the_future(begun):
    node = begun.node.peer_id()
    wait_for("the Status of the bootnode", lambda: "status_received" in begun.node.log(), PATIENCE)
    wait_for("the node in the mesh", lambda: node in begun.peer.mesh(BLOCKS), PATIENCE)
    begun.peer.publish(BLOCKS, data=begun.chain[-1].ssz.hex())
    wait_for("the verdict", lambda: "reason=BLOCK_TOO_FAR_IN_FUTURE" in begun.node.log(), PATIENCE)
    begun.assert_at_genesis()
    assert begun.peer.find("request", 0, protocol=BY_ROOT) is None
    # The part of the same chain whose slots have begun is taken.
    present = begun.chain[4]
    begun.peer.publish(BLOCKS, data=present.ssz.hex())
    wait_for("the present", lambda: begun.node.fork_choice()["head"] == present.root, PATIENCE)


SEQUENCES = [late, head_recovery, finalized_recovery, tempted, future]
NOT_APPLICABLE = [
    ("sync: checkpoint sync fresh start", "lepton has no checkpoint sync"),
    ("sync: late joiner syncs and finalizes via LeanSpec helper mesh",
     "lepton has no checkpoint sync, and the mesh is of another client"),
]
