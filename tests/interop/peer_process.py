# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""A peer program as a process that takes commands and tells events (README.md)."""

import collections
import json
import re
import subprocess
import threading
import time

# What a step may take on a machine that is busy with other tests.
PATIENCE = 30


class PeerProcess:
    """Events are kept until somebody takes them; two threads may not wait at once."""

    def __init__(self, command, log, key, kind="secp256k1", port=0):
        self.key, self.kind, self.command, self.log = key, kind, command, log
        self.events = collections.deque()
        self.changed = threading.Condition()
        self.has_ended = False
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                [*command, "--identity", kind, "--key", key, "--listen", f"/ip4/127.0.0.1/udp/{port}/quic-v1"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        ready = self.wait("ready")
        self.id, self.addr = ready["peer"], ready["addr"]
        self.port = int(self.addr.split("/")[4])

    def read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            event["time"] = time.monotonic()
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(f"> {str(event)[:500]}\n")
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def send(self, cmd, **fields):
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"< {cmd} {str(fields)[:500]}\n")
        self.process.stdin.write(json.dumps({"cmd": cmd, **fields}).encode() + b"\n")
        self.process.stdin.flush()

    def carry_out(self, cmd, **fields):
        """Sends a command and waits until it is done: others may have to see its effect."""
        self.send(cmd, **fields)
        # Commands are taken one after the other; this one is answered because nobody knows it.
        self.send("done")
        self.wait("error")

    def take(self, name, fields):
        for event in self.events:
            if event["event"] == name and all(event.get(key) == value for key, value in fields.items()):
                self.events.remove(event)
                return event
        return None

    def find(self, name, seconds, **fields):
        """Takes the oldest event `name` with these fields; None when there is none within `seconds`."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                event = self.take(name, fields)
                left = deadline - time.monotonic()
                if event or left <= 0 or self.has_ended:
                    return event
                self.changed.wait(left)

    def wait(self, name, seconds=PATIENCE, **fields):
        event = self.find(name, seconds, **fields)
        with self.changed:
            others = [str(other)[:200] for other in self.events]
        assert event, f"{self.log.name}: no {name} {fields} within {seconds} s; it told {others}"
        return event

    def wait_until(self, what, condition, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{self.log.name}: not within {seconds} s: {what}"
            time.sleep(0.1)

    def connect(self, other):
        """Dials `other`; both sides must tell so."""
        self.send("dial", addr=other.addr)
        self.wait("connected", peer=other.id, direction="outbound")
        other.wait("connected", peer=self.id, direction="inbound")

    def publish(self, topic, **content):
        """Publishes as soon as somebody is there to take it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.send("publish", topic=topic, **content)
            outcome = self.wait("published", topic=topic)
            if outcome["ok"]:
                return
            assert time.monotonic() < deadline, f"{self.log.name}: cannot publish: {outcome}"
            time.sleep(0.2)

    def ask(self, peer, protocol, payload, request_id):
        """Sends a request; returns what came of it."""
        self.send("request", peer=peer.id, protocol=protocol, payload=payload.hex(), id=request_id)
        return self.wait("response", id=request_id)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        """Returns a new process with the same identity at the same port."""
        return type(self)(self.command, self.log, self.key, self.kind, self.port)

    def quit(self):
        """Ends the program in good order; it must do so with code 0."""
        if self.process.poll() is None:
            self.send("quit")
        code = self.process.wait(PATIENCE)
        assert code == 0, f"{self.log.name}: ended with code {code}"


class LeptonPeer(PeerProcess):
    """lepton's own peer: it also lets one look inside."""

    def counter(self, name, label):
        self.send("metrics")
        text = self.wait("metrics")["text"]
        found = re.search(rf'^{re.escape(name)}\{{[a-z]+="{label}"\}} ([0-9.e+]+)$', text, re.MULTILINE)
        assert found, f"no counter {name} {label}"
        return int(float(found.group(1)))

    def messages(self, event):
        return self.counter("libp2p_gossipsub_messages_total", event)

    def drops(self, reason):
        return self.counter("libp2p_gossipsub_dropped_total", reason)

    def control(self, event):
        return self.counter("libp2p_gossipsub_control_total", event)

    def mesh(self, topic):
        self.send("mesh", topic=topic)
        return set(self.wait("mesh", topic=topic)["peers"])

    def wait_for_mesh(self, topic, *peers):
        expected = {peer.id for peer in peers}
        self.wait_until(f"mesh of {len(peers)}", lambda: self.mesh(topic) == expected)
