# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""What lepton's libp2p and a stranger must be able to do together, in both directions where there are two."""

import functools
import hashlib
import time

BLOCKS = "/leanconsensus/12345678/block/ssz_snappy"
STATUS = "/leanconsensus/req/status/1/ssz_snappy"
BY_ROOT = "/leanconsensus/req/blocks_by_root/1/ssz_snappy"
BY_RANGE = "/leanconsensus/req/blocks_by_range/1/ssz_snappy"

# Seconds in which nobody may GRAFT after an unsubscription; every implementation has the same.
UNSUBSCRIBE_BACKOFF = 10


@functools.cache
def generated(size, seed):
    """The data of `publish` with `size` and `seed`."""
    data = bytearray(size)
    for i in range(size):
        x = (seed + i) * 2654435761 & 0xFFFFFFFF
        x ^= x >> 15
        data[i] = (x * 2246822519 & 0xFFFFFFFF) >> 24
    return bytes(data)


def message_id(topic, data):
    text = topic.encode()
    return hashlib.sha256(b"\x01\0\0\0" + len(text).to_bytes(8, "little") + text + data).digest()[:20].hex()


def root_of(number):
    return bytes([number]) * 32


def roots_payload(*roots):
    return (4).to_bytes(4, "little") + b"".join(roots)


def status_payload(number):
    return root_of(number) + bytes(8) + root_of(number + 1) + number.to_bytes(8, "little")


def in_order(lab, dialler):
    """Returns (lepton, stranger, dialler, listener), not connected yet."""
    lepton, stranger = lab.lepton(), lab.stranger()
    pair = (lepton, stranger) if dialler == "lepton" else (stranger, lepton)
    return lepton, stranger, *pair


def connected(lab, dialler):
    lepton, stranger, first, second = in_order(lab, dialler)
    first.connect(second)
    return lepton, stranger


def subscribed(lab, dialler):
    """Returns lepton and stranger in each other's mesh of BLOCKS."""
    lepton, stranger = connected(lab, dialler)
    for peer in (lepton, stranger):
        peer.send("subscribe", topic=BLOCKS)
    lepton.wait_for_mesh(BLOCKS, stranger)
    return lepton, stranger


def expect_message(receiver, sender, data):
    got = receiver.wait("message", topic=BLOCKS, sha256=hashlib.sha256(data).hexdigest())
    assert got["size"] == len(data) and got["from"] == sender.id, got
    assert got["id"] == message_id(BLOCKS, data), got
    if len(data) <= 65536:
        assert got["data"] == data.hex()


# ---- the scenarios


def handshake(lab, dialler, kind):
    lepton = lab.lepton()
    stranger = lab.stranger(kind=kind)
    first, second = (lepton, stranger) if dialler == "lepton" else (stranger, lepton)
    first.connect(second)
    first.send("disconnect", peer=second.id)
    first.wait("disconnected", peer=second.id)
    second.wait("disconnected", peer=first.id)


def wrong_peer_id(lab, dialler):
    _, _, first, second = in_order(lab, dialler)
    other = lab.lepton()
    address = second.addr.replace(second.id, other.id)
    first.send("dial", addr=address)
    first.wait("dial_failed", addr=address)
    # No time is wasted on a second connection: the right address still works.
    first.connect(second)


def identify_and_ping(lab, dialler):
    lepton, stranger = connected(lab, dialler)
    seen_by_stranger = stranger.wait("identified", peer=lepton.id)
    seen_by_lepton = lepton.wait("identified", peer=stranger.id)
    assert seen_by_stranger["agent"] == "lepton-interop/lepton", seen_by_stranger
    assert seen_by_lepton["agent"] == f"lepton-interop/{lab.language}", seen_by_lepton
    for seen in (seen_by_stranger, seen_by_lepton):
        assert {STATUS, BY_ROOT, BY_RANGE, "/ipfs/ping/1.0.0", "/meshsub/1.2.0"} <= set(seen["protocols"]), seen
    for asker, answerer in ((lepton, stranger), (stranger, lepton)):
        asker.send("ping", peer=answerer.id)
        assert 0 < asker.wait("pong", peer=answerer.id)["rtt_us"] < 10_000_000


def status_first(lab, dialler):
    """Who dials asks for the Status before anything else, and gets it."""
    _, _, first, second = in_order(lab, dialler)
    second.carry_out("set_status", payload=status_payload(20).hex())
    first.carry_out("set_status", payload=status_payload(10).hex())
    first.connect(second)
    asked = second.wait("request", peer=first.id)
    assert (asked["protocol"], asked["payload"]) == (STATUS, status_payload(10).hex()), asked
    answer = first.wait("response", id=f"status:{second.id}")
    assert answer["ok"] and answer["chunks"] == [{"code": 0, "payload": status_payload(20).hex()}], answer
    # And the other way round, on the same connection.
    answer = second.ask(first, STATUS, status_payload(20), "back")
    assert answer["ok"] and answer["chunks"] == [{"code": 0, "payload": status_payload(10).hex()}], answer
    assert second.find("request", 1, peer=first.id) is None, "one Status request is enough"


def small_message(lab, dialler):
    lepton, stranger = subscribed(lab, dialler)
    for sender, receiver, data in ((lepton, stranger, b"from lepton"), (stranger, lepton, b"from a stranger")):
        sender.publish(BLOCKS, data=data.hex())
        expect_message(receiver, sender, data)


def large_message(lab, dialler):
    lepton, stranger = subscribed(lab, dialler)
    for sender, receiver, seed in ((lepton, stranger, 1), (stranger, lepton, 2)):
        sender.publish(BLOCKS, size=1_000_000, seed=seed)
        expect_message(receiver, sender, generated(1_000_000, seed))


def idontwant(lab):
    """Both sides say that they have a large message, and neither is sent it then.

    `middle` gets a message from `source` and waits with its verdict, so it does not forward it. The stranger gets the
    same message from `other`: it may not send it to `middle`, and `middle` may not send it to the stranger.
    """
    middle, source, other, stranger = lab.lepton(), lab.lepton(), lab.lepton(), lab.stranger()
    for peer in (middle, source, other, stranger):
        peer.send("subscribe", topic=BLOCKS)
    middle.connect(stranger)
    source.connect(middle)
    other.connect(stranger)
    middle.wait_for_mesh(BLOCKS, stranger, source)
    other.wait_for_mesh(BLOCKS, stranger)
    middle.send("delay_verdicts", ms=2000)

    def run(size, seed):
        """Returns what changed at `middle`: IDONTWANT sent, received; copies that came; copies it held back."""
        def numbers():
            return (middle.control("idontwant_sent"), middle.control("idontwant_received"),
                    middle.messages("duplicate"), middle.drops("unwanted"))
        data = generated(size, seed)
        before = numbers()
        source.publish(BLOCKS, size=size, seed=seed)
        expect_message(middle, source, data)
        time.sleep(0.5)
        other.publish(BLOCKS, size=size, seed=seed)
        expect_message(stranger, other, data)
        time.sleep(2.5)  # the verdict, and time to forward
        assert stranger.find("message", 0) is None, "told once"
        return tuple(b - a for a, b in zip(before, numbers()))

    sent, received, copies, held_back = run(100_000, 1)
    assert sent == 1, "lepton says IDONTWANT to the stranger, not to the source"
    assert received == 1, "the stranger says IDONTWANT to lepton"
    assert copies == 0, "the stranger honours it"
    assert held_back == 1, "lepton honours it"
    # A message too small for it does travel twice: the numbers above can differ.
    assert run(200, 2)[:3] == (0, 0, 1)


def prune_backoff(lab, unsubscriber):
    """Nobody is taken back into a mesh before the time that its PRUNE named."""
    lepton, stranger = subscribed(lab, "lepton")
    peer = lepton if unsubscriber == "lepton" else stranger
    prunes = lepton.control("prune_sent") + lepton.control("prune_received")
    started = time.monotonic()
    peer.send("unsubscribe", topic=BLOCKS)
    lepton.wait_for_mesh(BLOCKS)
    lepton.wait_until("a PRUNE", lambda: lepton.control("prune_sent") + lepton.control("prune_received") > prunes)

    def grafts():
        return lepton.control("graft_sent"), lepton.control("graft_received")
    before = grafts()
    peer.send("subscribe", topic=BLOCKS)
    while True:
        is_quiet = grafts() == before and not lepton.mesh(BLOCKS)
        # The PRUNE was sent later than the command; looking takes time too.
        if time.monotonic() >= started + UNSUBSCRIBE_BACKOFF:
            break
        assert is_quiet, "a GRAFT within the back-off"
        time.sleep(0.5)
    lepton.wait_for_mesh(BLOCKS, stranger)
    assert grafts() != before
    stranger.publish(BLOCKS, data=b"after the back-off".hex())
    expect_message(lepton, stranger, b"after the back-off")
    assert lepton.control("prune_received") + lepton.control("prune_sent") == prunes + 1, "no GRAFT was refused"


def blocks_by_root(lab, asker):
    lepton, stranger = connected(lab, "lepton")
    first, second = (lepton, stranger) if asker == "lepton" else (stranger, lepton)
    blocks = {root_of(n): generated(size, n) for n, size in ((1, 1), (2, 70_000), (3, 300_000))}
    for root, block in blocks.items():
        second.carry_out("serve_block", root=root.hex(), block=block.hex())

    def ask(name, *roots):
        answer = first.ask(second, BY_ROOT, roots_payload(*roots), name)
        asked = second.wait("request", peer=first.id)
        assert (asked["protocol"], asked["payload"]) == (BY_ROOT, roots_payload(*roots).hex()), asked
        assert answer["ok"], answer
        return [(chunk["code"], bytes.fromhex(chunk["payload"])) for chunk in answer["chunks"]]

    one, two, three = blocks
    assert ask("one", two) == [(0, blocks[two])]
    assert ask("several", three, one, two) == [(0, blocks[root]) for root in (three, one, two)]
    assert ask("an unknown one", one, root_of(9), three) == [(0, blocks[one]), (0, blocks[three])]
    assert ask("only unknown", root_of(9)) == []
    answer = first.ask(second, BY_RANGE, (5).to_bytes(8, "little") * 2, "range")
    assert answer["ok"] and answer["chunks"] == [], answer


def error_answer(lab, asker):
    lepton, stranger = connected(lab, "stranger")
    first, second = (lepton, stranger) if asker == "lepton" else (stranger, lepton)
    bad_request = [{"code": 1, "payload": b"bad request".hex()}]
    for protocol, payload in ((STATUS, bytes(79)), (BY_ROOT, roots_payload(root_of(1))[:-1]), (BY_RANGE, bytes(15))):
        answer = first.ask(second, protocol, payload, f"bad {protocol}")
        assert answer["ok"] and answer["chunks"] == bad_request, answer
    answer = first.ask(second, STATUS, status_payload(1), "early")
    assert answer["ok"] and answer["chunks"] == [{"code": 3, "payload": b"no status".hex()}], answer
    # The connection has not suffered.
    second.carry_out("set_status", payload=status_payload(2).hex())
    answer = first.ask(second, STATUS, status_payload(1), "late")
    assert answer["ok"] and answer["chunks"] == [{"code": 0, "payload": status_payload(2).hex()}], answer


def reconnect(lab, killed, dialler):
    """After kill -9 a new process with the same identity takes the old one's place."""
    lepton, stranger = subscribed(lab, dialler)
    sides = {"lepton": lepton, "stranger": stranger}
    sides[killed].kill()
    sides[killed] = fresh = lab.restart(sides[killed])
    fresh.send("subscribe", topic=BLOCKS)
    first = sides[dialler]
    second = sides["stranger" if dialler == "lepton" else "lepton"]

    # The side that stayed may believe in the old connection until that times out, and refuse until then.
    def is_up():
        first.send("dial", addr=second.addr)
        return fresh.find("connected", 1) is not None
    fresh.wait_until("connected again", is_up)
    for number, (sender, receiver) in enumerate(((first, second), (second, first))):
        def arrives(sender=sender, receiver=receiver, number=number):
            arrives.seed += 1
            sender.send("dial", addr=receiver.addr)
            sender.send("publish", topic=BLOCKS, size=100, seed=arrives.seed)
            return receiver.find("message", 1, topic=BLOCKS, **{"from": sender.id}) is not None
        arrives.seed = 1000 * (number + 1)
        sender.wait_until("a message arrives again", arrives)


def all_scenarios(kinds):
    """Returns (name, function, arguments) of every scenario; `kinds`: the stranger's kinds of identity."""
    sides = ("lepton", "stranger")
    result = [(f"handshake.{kind}.{side}_dials", handshake, (side, kind)) for kind in kinds for side in sides]
    for function in (wrong_peer_id, identify_and_ping, status_first, small_message, large_message):
        result += [(f"{function.__name__}.{side}_dials", function, (side,)) for side in sides]
    result += [(f"prune_backoff.{side}_unsubscribes", prune_backoff, (side,)) for side in sides]
    result += [(f"{function.__name__}.{side}_asks", function, (side,))
               for function in (blocks_by_root, error_answer) for side in sides]
    result += [(f"reconnect.{killed}_killed.{dialler}_dials", reconnect, (killed, dialler))
               for killed in sides for dialler in sides]
    return [*result, ("idontwant", idontwant, ())]
