#!/usr/bin/env python3
"""The HTTP API of a real node that is at genesis with three validators, and stays there: its genesis is far ahead.

Usage: apitest.py LEPTON [NAME ...]; prints a line per test and at the end "N passed, N failed, 0 skipped". Every
assertion that leanSpec's own API tests make of such a node is made here, most of them more exactly: content types and
bodies are compared whole. What is SSZ is decoded and hashed here, not by lepton.
"""

import hashlib
import http.client
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from processes import free_base_port, run_tests, wait_for  # noqa: E402

VALIDATORS = 3
GENESIS_TIME = 4_000_000_000
JSON = "application/json"
SSZ = "application/octet-stream"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
AGGREGATOR = "/lean/v0/admin/aggregator"
ZERO = bytes(32)

GET_ROUTES = ("/lean/v0/health", "/lean/v0/states/finalized", "/lean/v0/blocks/finalized",
              "/lean/v0/checkpoints/justified", "/lean/v0/fork_choice", "/lean/v0/node/identity",
              "/lean/v0/node/syncing", "/lean/v0/genesis", "/lean/v0/config/spec", "/metrics")

SECTIONS = ("timely", "late", "block", "combined", "aggregate_start_new", "proposal_payloads", "proposal_gossip",
            "proposal_combined")
# Every metric that a client must expose, with the labels of children that must be there from the start.
REQUIRED_METRICS = {
    "lean_node_info": [],
    "lean_node_start_time_seconds": [],
    "lean_head_slot": [],
    "lean_current_slot": [],
    "lean_safe_target_slot": [],
    "lean_fork_choice_block_processing_time_seconds": [],
    "lean_attestations_valid_total": [],
    "lean_attestations_invalid_total": [],
    "lean_attestation_validation_time_seconds": [],
    "lean_fork_choice_reorgs_total": [],
    "lean_fork_choice_reorg_depth": [],
    "lean_attestation_aggregate_coverage_validators":
        [f'section="{section}",subnet="combined"' for section in SECTIONS],
    "lean_attestation_aggregate_coverage_subnets": [f'section="{section}"' for section in SECTIONS],
    "lean_attestation_aggregate_coverage_diff_validators": ['direction="block_only"', 'direction="timely_only"'],
    "lean_latest_justified_slot": [],
    "lean_latest_finalized_slot": [],
    "lean_state_transition_time_seconds": [],
    "lean_validators_count": [],
    "lean_connected_peers": ['client="unknown"'],
}


class Node:
    """A running `lepton node` that serves the API and the metrics on one port."""

    def __init__(self, lepton, directory):
        genesis, base = f"{directory}/genesis", free_base_port(2)
        made = subprocess.run(
            [lepton, "genesis", "--output-dir", genesis, "--num-validators", str(VALIDATORS), "--scheme", "test",
             "--genesis-time", str(GENESIS_TIME)], capture_output=True, text=True, timeout=120, check=False)
        assert made.returncode == 0, made.stderr
        self.api = base + 1
        self.log = open(f"{directory}/node.log", "w+b")
        self.process = subprocess.Popen(
            [lepton, "node", "--network", "leanspec-test", "--genesis", f"{genesis}/config.yaml", "--validators",
             f"{genesis}/annotated_validators.yaml", "--bootnodes", f"{genesis}/nodes.yaml", "--validator-config",
             f"{genesis}/validator-config.yaml", "--hash-sig-keys-dir", f"{genesis}/hash-sig-keys", "--node-key",
             f"{genesis}/lepton_0.key", "--node-id", "lepton_0", "--data-dir", f"{directory}/data",
             "--gossipsub-port", str(base), "--api-port", str(self.api), "--metrics-port", str(self.api)],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def ask(self, method, path, body=None):
        """Returns status, content type and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.api, timeout=5)
        try:
            connection.request(method, path, body, {"Content-Type": JSON} if body is not None else {})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type"), answer.read()
        finally:
            connection.close()

    def get_json(self, path):
        status, content_type, body = self.ask("GET", path)
        assert (status, content_type) == (200, JSON), (path, status, content_type)
        return json.loads(body)

    def get_ssz(self, path):
        status, content_type, body = self.ask("GET", path)
        assert (status, content_type) == (200, SSZ), (path, status, content_type)
        return body

    def switch(self, enabled):
        status, content_type, body = self.ask("POST", AGGREGATOR, json.dumps({"enabled": enabled}))
        assert (status, content_type) == (200, JSON), (status, content_type)
        return json.loads(body)

    def answers(self):
        assert self.process.poll() is None, "the node ended: " + self.output()
        try:
            # The actors add their metrics as they start.
            return b"lean_connected_peers" in self.ask("GET", "/metrics")[2]
        except OSError:
            return False

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-3000:]

    def stop(self):
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert code == 0, f"exit code {code}: " + self.output()


# ---- SSZ, as far as a genesis state and block need it

def sha256(data):
    return hashlib.sha256(data).digest()


def number(value):
    return value.to_bytes(8, "little")


def merkleize(chunks, limit):
    """Returns the root of a tree with room for `limit` leaves."""
    zero, width = ZERO, 1
    while width < limit:
        if len(chunks) % 2:
            chunks = [*chunks, zero]
        chunks = [sha256(chunks[i] + chunks[i + 1]) for i in range(0, len(chunks), 2)]
        zero, width = sha256(zero + zero), width * 2
    return chunks[0] if chunks else zero


def container(*fields):
    return merkleize([field.ljust(32, b"\0") for field in fields], len(fields))


def listed(roots, limit):
    return sha256(merkleize(roots, limit) + number(len(roots)).ljust(32, b"\0"))


def bytes52(data):
    return merkleize([data[:32], data[32:].ljust(32, b"\0")], 2)


class GenesisState:
    """The state in `data`. Fails when it has anything but validators in its lists."""

    VALIDATOR_SIZE = 52 + 52 + 8

    def __init__(self, data):
        offsets = [int.from_bytes(data[208 + 4 * i:212 + 4 * i], "little") for i in range(5)]
        assert offsets[0] == 228 and offsets == sorted(offsets) and offsets[4] <= len(data), offsets
        parts = [data[begin:end] for begin, end in zip(offsets, [*offsets[1:], len(data)])]
        assert [parts[0], parts[1], parts[3], parts[4]] == [b"", b"\1", b"", b"\1"], "history at genesis"
        assert len(parts[2]) % self.VALIDATOR_SIZE == 0, len(parts[2])
        self.config, self.slot, self.header = data[:8], int.from_bytes(data[8:16], "little"), data[16:128]
        self.justified, self.finalized = data[128:168], data[168:208]
        self.validators = [parts[2][i:i + self.VALIDATOR_SIZE] for i in range(0, len(parts[2]), self.VALIDATOR_SIZE)]

    def root(self):
        registry = [container(bytes52(v[:52]), bytes52(v[52:104]), v[104:]) for v in self.validators]
        bits = [listed([], limit // 256) for limit in (1 << 18, 1 << 30)]
        return container(container(self.config), number(self.slot), header_root(self.header),
                         container(self.justified[:32], self.justified[32:]),
                         container(self.finalized[:32], self.finalized[32:]),
                         listed([], 1 << 18), bits[0], listed(registry, 1 << 12), listed([], 1 << 18), bits[1])

    def block(self):
        """Returns the block of the latest header: its state root filled in, an empty body."""
        return self.header[:48] + self.root()

    def signed_block(self):
        """The same as a SignedBlock with an empty proof."""
        body = (4).to_bytes(4, "little")
        block = self.block() + (84).to_bytes(4, "little") + body
        proof = (4).to_bytes(4, "little")
        return (8).to_bytes(4, "little") + (8 + len(block)).to_bytes(4, "little") + block + proof


def header_root(header):
    return container(header[:8], header[8:16], header[16:48], header[48:80], header[80:112])


def genesis(node):
    return GenesisState(node.get_ssz("/lean/v0/states/finalized"))


def genesis_root(node):
    state = genesis(node)
    return "0x" + header_root(state.block() + state.header[80:]).hex()


# ---- the tests

def test_health(node):
    assert node.get_json("/lean/v0/health") == {"status": "healthy", "service": "lean-rpc-api"}


def test_finalized_state_is_the_genesis_state(node):
    state = genesis(node)
    assert state.config == number(GENESIS_TIME)
    assert state.slot == 0
    assert len(state.validators) == VALIDATORS
    assert [v[104:] for v in state.validators] == [number(i) for i in range(VALIDATORS)]
    assert len({v[:52] for v in state.validators} | {v[52:104] for v in state.validators}) == 2 * VALIDATORS
    empty_body = container(listed([], 1 << 12))
    assert state.header == bytes(16) + ZERO + ZERO + empty_body, "state_root is not filled in"
    assert state.justified == state.finalized == bytes(40)


def test_finalized_block_is_rebuilt_from_the_state(node):
    block = node.get_ssz("/lean/v0/blocks/finalized")
    assert block == genesis(node).signed_block(), block.hex()
    assert node.get_json("/lean/v0/fork_choice")["head"] == genesis_root(node)


def test_justified_checkpoint_is_genesis(node):
    head = node.get_json("/lean/v0/fork_choice")["head"]
    assert node.get_json("/lean/v0/checkpoints/justified") == {"slot": 0, "root": head}


def test_fork_choice_is_one_block(node):
    root = genesis_root(node)
    assert node.get_json("/lean/v0/fork_choice") == {
        "nodes": [{"root": root, "slot": 0, "parent_root": "0x" + ZERO.hex(), "proposer_index": 0, "weight": 0}],
        "head": root,
        "justified": {"slot": 0, "root": root},
        "finalized": {"slot": 0, "root": root},
        "safe_target": root,
        "validator_count": VALIDATORS,
    }


def test_aggregator_is_switched_and_read(node):
    node.switch(False)
    assert node.get_json(AGGREGATOR) == {"is_aggregator": False}
    for enabled, previous in ((True, False), (True, True), (False, True), (False, False)):
        assert node.switch(enabled) == {"is_aggregator": enabled, "previous": previous}
        assert node.get_json(AGGREGATOR) == {"is_aggregator": enabled}


def test_aggregator_refuses_what_is_no_boolean(node):
    before = node.switch(True)["is_aggregator"]
    for body in (b"", b"no", b"{}", b"[]", b"null", b"true", b'{"enabled"', b'{"enabled":null}', b'{"enabled":"yes"}',
                 b'{"enabled":"true"}', b'{"enabled":0}', b'{"enabled":1}', b'{"enabled":[true]}', b'{"Enabled":true}',
                 b'{"enabled":false} {}', b"\xff\xfe"):
        status, content_type, answer = node.ask("POST", AGGREGATOR, body)
        assert (status, content_type) == (400, JSON), (body, status, content_type)
        assert set(json.loads(answer)) == {"error"}, (body, answer)
    assert node.ask("POST", AGGREGATOR, b" " * 100_000)[0] == 413
    assert node.get_json(AGGREGATOR) == {"is_aggregator": before}, "a refused request changes nothing"


def test_other_methods_are_405(node):
    for method in ("DELETE", "PUT", "PATCH", "OPTIONS"):
        assert node.ask(method, AGGREGATOR)[0] == 405, method
    for path in GET_ROUTES:
        for method in ("POST", "DELETE", "PUT"):
            status, content_type, body = node.ask(method, path, b"{}")
            assert (status, content_type) == (405, JSON), (method, path, status, content_type)
            assert json.loads(body) == {"error": "method not allowed"}, (method, path, body)


def test_unknown_routes_are_404(node):
    for path in ("/unknown", "/lean/v0/unknown", "/", "/lean/v0", "/lean/v0/health/", "/lean/v0/states/justified",
                 "/lean/v0/blocks/0", "/metrics/", "//lean/v0/health"):
        for method in ("GET", "POST"):
            status, content_type, body = node.ask(method, path)
            assert (status, content_type) == (404, JSON), (method, path, status, content_type)
            assert json.loads(body) == {"error": "no such route"}, (method, path, body)


def test_a_query_string_changes_nothing(node):
    assert node.get_json("/lean/v0/health?verbose=1") == node.get_json("/lean/v0/health")


def test_metrics_are_prometheus_text(node):
    status, content_type, body = node.ask("GET", "/metrics")
    assert (status, content_type) == (200, PROMETHEUS), (status, content_type)
    text = body.decode()
    assert "# HELP " in text and "# TYPE " in text, text[:300]
    sample = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="[^"]*"(,[a-zA-Z_][a-zA-Z0-9_]*="[^"]*")*\})?'
                        r" (-?[0-9.]+(e[+-]?[0-9]+)?|NaN|[+-]?Inf)$")
    for line in text.splitlines():
        assert line.startswith("#") or sample.match(line), line


def test_every_required_metric_is_there_from_the_start(node):
    lines = node.ask("GET", "/metrics")[2].decode().splitlines()
    for name, children in REQUIRED_METRICS.items():
        assert any(line.startswith(f"# HELP {name} ") for line in lines), f"help of {name}"
        assert any(line.startswith(f"# TYPE {name} ") for line in lines), f"type of {name}"
        sample = re.compile(rf"{name}(_count)?(\{{.*\}})? [-+0-9.e]+")
        assert any(sample.fullmatch(line) for line in lines), f"a value of {name}"
        for labels in children:
            assert f"{name}{{{labels}}} 0" in lines, f"{name}{{{labels}}}"


def test_metrics_say_what_the_node_is_and_where(node):
    text = node.ask("GET", "/metrics")[2].decode()

    def value(name):
        found = re.search(rf"^{re.escape(name)} ([-+0-9.e]+)$", text, re.MULTILINE)
        assert found, name
        return float(found.group(1))

    assert re.search(r'^lean_node_info\{name="lepton_0",version="lepton/[^"]+"\} 1$', text, re.MULTILINE)
    assert value("lean_validators_count") == VALIDATORS
    assert value("lean_node_start_time_seconds") > 1_600_000_000
    for name in ("lean_head_slot", "lean_current_slot", "lean_safe_target_slot", "lean_latest_justified_slot",
                 "lean_latest_finalized_slot", "lean_attestations_valid_total", "lean_attestations_invalid_total",
                 "lean_fork_choice_reorgs_total", "lean_state_transition_time_seconds_count"):
        assert value(name) == 0, name


def test_what_else_lepton_tells(node):
    assert node.get_json("/lean/v0/genesis") == {"genesis_time": GENESIS_TIME, "validator_count": VALIDATORS}
    assert node.get_json("/lean/v0/config/spec") == {
        "MILLISECONDS_PER_SLOT": 4000, "INTERVALS_PER_SLOT": 5, "MILLISECONDS_PER_INTERVAL": 800,
        "HISTORICAL_ROOTS_LIMIT": 262144, "FORK_DIGEST": "12345678"}
    identity = node.get_json("/lean/v0/node/identity")
    assert set(identity) == {"version", "peer_id"}, identity
    assert re.fullmatch(r"lepton/\S+", identity["version"]) and identity["peer_id"].startswith("16Uiu2HA"), identity
    assert node.get_json("/lean/v0/node/syncing") == {
        "is_syncing": False, "head_slot": 0, "sync_distance": 0, "finalized_slot": 0}


def main():
    lepton, wanted = sys.argv[1], sys.argv[2:]
    tests = [(name, test) for name, test in globals().items()
             if name.startswith("test_") and (not wanted or name in wanted)]
    with tempfile.TemporaryDirectory(prefix="lepton-apitest-") as directory:
        node = Node(lepton, directory)
        try:
            wait_for("the node answers", node.answers, 60)
            passed, failed, skipped = run_tests(tests, lambda test: test(node))
        finally:
            node.stop()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
