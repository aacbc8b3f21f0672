# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""hive's suite sync: nodes that join late, nodes that stood still while the chain went on, and a peer whose chain is ahead
of the network's because it began earlier."""

import time

from lab import FINALITY_PATIENCE, HEAD_LAG_MAX, PATIENCE, Mesh, Sequence, head_slot, is_caught_up, wait_for

LATE_START_SECONDS = 20
FINALIZED_LAG_MAX = 4
PAUSE_HEAD_MIN = 4
BAD_LEAD_MIN = 4


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
        """Returns the answers of the source and of the node when the node has caught up."""
        def both():
            source, client = self.mesh.source(), self.node.fork_choice()
            is_there = head_slot(client) >= head_slot_min and is_caught_up(client, source)
            return is_there and source["finalized"]["slot"] > 0 and (source, client)
        return wait_for(f"{self.node.name} caught up", both, FINALITY_PATIENCE)

    def stand_still_until(self, checkpoint, while_paused=lambda: None):
        """Pauses the node until `checkpoint` of the others is later than its head, and returns when it has caught up
        again: the answers of the source and of the node."""
        _, client = self.wait_until_caught_up(PAUSE_HEAD_MIN)
        paused_at = head_slot(client)
        self.node.pause()
        try:
            def passed():
                slot = self.mesh.source()[checkpoint]["slot"]
                return slot > paused_at and slot
            boundary = wait_for(f"a later {checkpoint} slot than {paused_at}", passed, FINALITY_PATIENCE)
            while_paused()
        finally:
            self.node.resume()
        source, client = self.wait_until_caught_up()
        assert head_slot(client) + HEAD_LAG_MAX >= boundary > paused_at, (client, boundary, paused_at)
        return source, client


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

    def expect_rejected(self, source, client):
        """The bad peer must be ahead, and nothing of its chain in the node's."""
        def ahead():
            bad = self.bad.fork_choice()
            return bad["finalized"]["slot"] >= source["finalized"]["slot"] + BAD_LEAD_MIN and bad
        bad = wait_for("the bad peer is ahead", ahead, FINALITY_PATIENCE)
        assert head_slot(bad) >= head_slot(source) + BAD_LEAD_MIN, (bad, source)
        assert client["finalized"]["root"] != bad["finalized"]["root"]
        assert head_slot(client) + HEAD_LAG_MAX < head_slot(bad), (client, bad)
        roots = {block["root"] for block in client["nodes"]}
        assert roots.isdisjoint(block["root"] for block in bad["nodes"])


tempted = Sequence(Tempted)


@tempted.scenario("sync: head behind finalized rejects ahead bad checkpoint")
def rejects_bad_checkpoint(tempted):
    bad_id = tempted.bad.peer_id()
    wait_for("the Status of the bad peer", lambda: f"status_received peer={bad_id}" in tempted.node.log(), PATIENCE)
    before = tempted.wait_until_caught_up(PAUSE_HEAD_MIN)
    tempted.expect_rejected(*before)
    after = tempted.stand_still_until(
        "finalized", lambda: tempted.expect_rejected(tempted.mesh.source(), before[1]))
    tempted.expect_rejected(*after)


SEQUENCES = [late, head_recovery, finalized_recovery, tempted]
NOT_APPLICABLE = [
    ("sync: checkpoint sync fresh start", "lepton has no checkpoint sync"),
    ("sync: late joiner syncs and finalizes via LeanSpec helper mesh",
     "lepton has no checkpoint sync, and the mesh is of another client"),
]
