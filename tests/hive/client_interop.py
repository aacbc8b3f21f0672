# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""hive's suite client-interop: networks of two clients, 2:1, that must finalize the same block; with lepton as both."""

from lab import FINALITY_PATIENCE, Mesh, Network, Sequence, wait_for


def finalize_the_same(nodes):
    """Returns when all `nodes` report the same finalized checkpoint after the genesis."""
    def is_same():
        first, *others = (node.fork_choice()["finalized"] for node in nodes)
        return first["slot"] > 0 and all(other == first for other in others)
    wait_for("the same finalized checkpoint", is_same, FINALITY_PATIENCE)


def run(lab, name, order, aggregators, committees):
    """Starts `lepton_i` for each i of `order`, each knowing those before it, and waits until they finalize."""
    network = Network(lab, name, genesis_in=10, nodes=len(order), committees=committees)
    subnets = ["--aggregate-subnet-ids", "0,1"] if committees == 2 else []
    nodes = []
    for i in order:
        flags = ["--is-aggregator", *subnets] if i in aggregators else []
        nodes.append(network.start(f"lepton_{i}", [node.enr() for node in nodes], flags))
    for node in nodes:
        node.wait_until_up()
    finalize_the_same(nodes)
    lab.end(nodes)


single_subnet = Sequence(lambda lab: lab)


@single_subnet.scenario("client-interop: majority aggregator lepton and lepton")
def majority(lab):
    finalize_the_same(lab.share("mesh", Mesh).nodes)


@single_subnet.scenario("client-interop: minority aggregator lepton and lepton")
def minority(lab):
    run(lab, "minority", range(3), {2}, 1)


# The minority has validators 0 and 1, one in each subnet; hive's order.
TWO_SUBNETS = (0, 2, 4, 1, 3, 5)
two_subnets = Sequence(lambda lab: lab)


@two_subnets.scenario("client-interop: two-subnet majority aggregator lepton minority and lepton majority")
def two_subnets_majority(lab):
    run(lab, "two_subnets_majority", TWO_SUBNETS, {2, 3}, 2)


@two_subnets.scenario("client-interop: two-subnet minority aggregator lepton minority and lepton majority")
def two_subnets_minority(lab):
    run(lab, "two_subnets_minority", TWO_SUBNETS, {0, 1}, 2)


SEQUENCES = [single_subnet, two_subnets]
NOT_APPLICABLE = []
