#!/usr/bin/env python3
"""Kills nodes of real networks with SIGKILL and starts them again on their data directories. README.md says what is
checked and within which bounds.

Usage: crash_test.py LEPTON LEPTON_SHARED_KEYS COLLECTOR [--kills N] [--seed S] [--minutes M]
Prints a line per test and per burst of kills; ends with the figures and "N passed, N failed, N skipped".
"""

import argparse
import collections
import itertools
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import traceback

import network
import witness

NODES = 4
# Slots from the last start of a burst until every node has finalized a block of that slot or later, and until every
# restarted node has been heard voting. Four nodes finalize a block within about 4 slots; after a standstill the
# distance between slots that can be justified has grown, and a machine that builds meanwhile needs some more.
RECOVERY_SLOTS_MAX = 24
# Keys of the test scheme sign 256 slots: the last burst and the end of a round have to fit in.
ROUND_SLOTS_MAX = 256 - RECOVERY_SLOTS_MAX - 16
KILLS_PER_ROUND_MAX = 60

# What a burst does, and how often of 20. The moment of each kill is drawn too.
KINDS = {
    "one": 5,        # one node, at any moment
    "two": 4,        # two at once: finality stops until one is back
    "all": 1,        # the whole network at once
    "starting": 4,   # one, and once or twice more while it starts
    "proposal": 3,   # the proposer of the next slot around the moment of its block
    "sight": 3,      # one when its vote is heard, and back at once: the slot's duties are due again
}

# The bursts of a round that are of these kinds only. A node that starts has its keys ready for their first 32 slots
# alone, and prepares them for later ones while its first duty passes: to be asked twice it has to be killed early.
EARLY = range(1, 5)
EARLY_KINDS = ("sight", "sight", "sight", "proposal")

Burst = collections.namedtuple("Burst", "kind victims delay moment downs again")


def schedule(seed):
    """Yields the bursts of one round; the same for the same seed."""
    draw = random.Random(seed)
    for number in itertools.count():
        kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
        if number in EARLY:
            kind = draw.choice(EARLY_KINDS)
        count = {"two": 2, "all": NODES}.get(kind, 1)
        yield Burst(kind, draw.sample(range(NODES), count), round(draw.uniform(0, 4), 2), round(draw.random(), 3),
                    [draw.choice((0.0, round(draw.uniform(0, 8), 2))) for _ in range(count)],
                    [round(draw.uniform(0, 1.2), 2) for _ in range(draw.randint(1, 2))])


def describe(burst):
    words = [burst.kind, "nodes=" + ",".join(map(str, burst.victims)), f"delay={burst.delay}", f"moment={burst.moment}",
             "down=" + ",".join(map(str, burst.downs))]
    if burst.kind == "starting":
        words.append("again=" + ",".join(map(str, burst.again)))
    return " ".join(words)


def kill_and_start(net, burst):
    """Does what `burst` says. Returns the nodes that were killed, and the number of kills."""
    time.sleep(burst.delay)
    victims = [net.nodes[i] for i in burst.victims]
    if burst.kind == "proposal":
        slot = int(net.now()) + 1
        victims = [net.nodes[slot % NODES]]
        net.sleep_until(slot - 0.05 + 0.25 * burst.moment)
    elif burst.kind == "sight":
        slot = int(net.now()) + 1
        net.wait_for(lambda: net.has_voted(victims[0], slot), 2 * network.SLOT_SECONDS)
    net.kill(victims)
    kills = len(victims)
    is_quick = burst.kind in ("starting", "proposal", "sight")
    killed_at = time.monotonic()
    for down, node in sorted(zip([0.0] if is_quick else burst.downs, victims), key=lambda pair: pair[0]):
        time.sleep(max(0.0, killed_at + down - time.monotonic()))
        net.start(node)
    if burst.kind == "starting":
        for delay in burst.again:
            time.sleep(delay)
            net.kill(victims)
            net.start(victims[0])
            kills += 1
    return victims, kills


class Figures:
    def __init__(self):
        self.kills = self.bursts = self.rounds = self.violations = self.finality_gap_max_slots = 0
        self.key_slots = self.votes = self.blocks = self.unheard = 0
        self.start_seconds_max = 0.0
        self.refused = collections.Counter()

    def text(self):
        refused = ",".join(f"{reason}:{count}" for reason, count in sorted(self.refused.items())) or "0"
        return (f"kills={self.kills} rounds={self.rounds} violations={self.violations} "
                f"finality_gap_max_slots={self.finality_gap_max_slots} bursts={self.bursts} votes={self.votes} "
                f"blocks={self.blocks} key_slots={self.key_slots} unheard={self.unheard} refused_by_journal={refused} "
                f"start_seconds_max={self.start_seconds_max:.1f}")


def run_round(options, directory, seed, kills_wanted, figures):
    """Runs one network until it had its kills or its keys near their end. Returns what went wrong."""
    # Every other network has two subnets, so that votes go over more than one topic.
    with network.Network(options.lepton, options.lepton_shared_keys, options.collector, directory, NODES,
                         committees=1 + seed % 2) as net:
        try:
            kills = play(net, seed, kills_wanted, figures)
            figures.kills += kills
        finally:
            figures.rounds += 1
            figures.unheard += net.read_logs()
            figures.violations += len(net.violations())
            figures.votes += sum(net.uses.votes.values())
            figures.blocks += sum(net.uses.blocks.values())
            figures.key_slots += len(net.uses.messages)
            figures.refused += net.refusals()
            figures.start_seconds_max = max(figures.start_seconds_max, net.start_seconds_max)
        return net.failures + net.violations()


def play(net, seed, kills_wanted, figures):
    kills = 0
    if not net.wait_for(lambda: net.finalized_everywhere() >= 1,
                        network.SECONDS_TO_GENESIS + RECOVERY_SLOTS_MAX * network.SLOT_SECONDS):
        net.fail("the network did not begin to finalize")
    bursts = schedule(seed)
    while not net.failures and kills < min(kills_wanted, KILLS_PER_ROUND_MAX) and net.now() < ROUND_SLOTS_MAX:
        burst = next(bursts)
        begun = net.now()
        victims, count = kill_and_start(net, burst)
        kills += count
        figures.bursts += 1
        slot = int(net.now()) + 1
        has_recovered = net.wait_for(
            lambda: net.finalized_everywhere() >= slot and all(net.has_voted(node, slot) for node in victims),
            RECOVERY_SLOTS_MAX * network.SLOT_SECONDS)
        gap = int(net.now()) - slot
        figures.finality_gap_max_slots = max(figures.finality_gap_max_slots, gap)
        result = "recovered" if has_recovered else "NOT recovered"
        print(f"  slot {begun:.1f} {describe(burst)}: {result} in {gap} slots", flush=True)
        if not has_recovered and not net.failures:
            silent = [node.name for node in victims if not net.has_voted(node, slot)]
            net.fail(f"after {describe(burst)}: finalized {[node.finalized[0] for node in net.nodes]} and heads "
                     f"{[node.head_slot for node in net.nodes]}, wanted {slot}; restarted and not voting: {silent}")
    if not net.failures:
        for node in net.nodes:
            net.check_database(node)
            if not net.uses.votes[node.index]:
                net.fail(f"the collector heard no vote of validator {node.index}")
            if not net.uses.blocks[node.index]:
                net.fail(f"the collector heard no block of validator {node.index}")
        # The collector has to be able to see what it must not see: the same keys are used by a second node.
        net.start_twin(net.nodes[(int(net.now()) + 2) % NODES])
        if not net.wait_for(lambda: net.planted_kinds() == {"attestation", "proposal"},
                            RECOVERY_SLOTS_MAX * network.SLOT_SECONDS):
            net.fail(f"the collector saw a second node with the same keys only by {net.planted_kinds()}")
        net.stop()
    return kills


def test_two_messages_for_one_slot_are_a_violation(_):
    def vote(validator, slot, head):
        return (validator.to_bytes(8, "little") + slot.to_bytes(8, "little") + head.to_bytes(32, "little") + bytes(88) +
                b"signature")
    topic = "/leanconsensus/12345678/attestation_3/ssz_snappy"
    uses = witness.KeyUses()
    uses.add(topic, vote(1, 7, head=1))
    uses.add(topic, vote(1, 7, head=1))
    uses.add(topic, vote(1, 8, head=2))
    uses.add(topic, vote(2, 7, head=2))
    assert uses.violations == [] and len(uses.messages) == 3, uses.violations
    uses.add(topic, vote(1, 7, head=2))
    assert uses.violations == [witness.Use(1, "attestation", 7)], uses.violations
    block, vote_root = witness.Use(0, "proposal", 4), next(iter(uses.messages[witness.Use(2, "attestation", 7)])).hex()
    assert not uses.note_log(block, "01020304") and uses.note_log(witness.Use(2, "attestation", 7), vote_root[:8])
    assert len(uses.violations) == 1, uses.violations
    assert not uses.note_log(block, "01020305") and uses.violations[1:] == [block], uses.violations


def main():
    parser = argparse.ArgumentParser(description="kill nodes of real networks and start them again")
    parser.add_argument("lepton", type=pathlib.Path)
    parser.add_argument("lepton_shared_keys", type=pathlib.Path)
    parser.add_argument("collector", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=40, help="kills in all (default: 40)")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; each round adds 1")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round after so long")
    options = parser.parse_args()
    for program in ("lepton", "lepton_shared_keys", "collector"):
        setattr(options, program, getattr(options, program).resolve())
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1, 1_000_000)
    print(f"seed={seed} kills={options.kills} processors={os.cpu_count()} load={os.getloadavg()[0]:.1f}", flush=True)

    begun = time.monotonic()
    figures = Figures()
    results = {True: 0, False: 0}

    def run(name, test):
        started = time.monotonic()
        directory = pathlib.Path(tempfile.mkdtemp(prefix="lepton-crash-"))
        try:
            problems = test(directory) or []
        except Exception:  # noqa: BLE001  a failed test is reported and counted, whatever it was
            problems = [traceback.format_exc()]
        results[not problems] += 1
        if problems:
            print(f"FAILED {name}; its files are in {directory}\n" + "\n".join(problems), flush=True)
        else:
            shutil.rmtree(directory)
            print(f"ok {name} ({time.monotonic() - started:.0f} s, load {os.getloadavg()[0]:.1f})", flush=True)
        return not problems

    run("two_messages_for_one_slot_are_a_violation", test_two_messages_for_one_slot_are_a_violation)
    while figures.kills < options.kills and (time.monotonic() - begun) / 60 < options.minutes:
        wanted = options.kills - figures.kills
        print(f"round seed={seed} kills={wanted}", flush=True)
        # The first failure ends the run: its files show what happened.
        if not run(f"round_seed_{seed}",
                   lambda directory: run_round(options, directory, seed, wanted, figures)):  # noqa: B023
            break
        seed += 1
    print(figures.text())
    print(f"{results[True]} passed, {results[False]} failed, 0 skipped")
    return 1 if results[False] else 0


if __name__ == "__main__":
    sys.exit(main())
