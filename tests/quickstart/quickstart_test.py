#!/usr/bin/env python3
"""lepton on a genesis directory as lean-quickstart's tools write it, started by the command of docs/lean-quickstart.md.

Usage: quickstart_test.py LEPTON LEPTON_WITH_FAKE_PROOFS LEPTON_SHORT_KEYS [NAME ...]
Prints a line per test and at the end "N passed, N failed, 0 skipped". The tests run beside each other: most of
their time is waiting for slots.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import enr  # noqa: E402
from devnet_test import free_base_port, get, get_json, metric, wait_for  # noqa: E402

RELEASE = FAKE = SHORT_KEYS = None
DOCUMENT = HERE.parent.parent / "docs" / "lean-quickstart.md"
NODES = 5
PORTS_PER_NETWORK = 3 * NODES
VALIDATORS = 4
# Slots that the keys can sign: minutes, enough for every test.
SLOTS = 64
# What lean-quickstart's command for ethlambda passes to every node.
ETHLAMBDA_FLAGS = ["--genesis", "--validators", "--bootnodes", "--validator-config", "--hash-sig-keys-dir", "--data-dir",
                   "--gossipsub-port", "--node-id", "--node-key", "--http-address", "--api-port", "--metrics-port"]


class Network:
    """A genesis directory, made from the templates in genesis/, and the nodes that run on it."""

    def __init__(self, directory, base_port, seconds_to_genesis):
        self.directory = pathlib.Path(directory)
        self.genesis = self.directory / "genesis"
        self.base_port = base_port
        self.processes = {}
        keys = self.genesis / "hash-sig-keys"
        keys.mkdir(parents=True)
        subprocess.run([SHORT_KEYS, keys, str(VALIDATORS), str(SLOTS)], check=True, timeout=120)
        self.values = {"GENESIS_TIME": int(time.time()) + seconds_to_genesis}
        for i in range(VALIDATORS):
            for role in ("attester", "proposer"):
                public = (keys / f"validator_{i}_{role}_key_pk.ssz").read_bytes()
                self.values[f"{role.upper()}_{i}"] = public.hex()
        for i in range(NODES):
            secret = os.urandom(32)
            self.values |= {f"NODE_KEY_{i}": secret.hex(), f"QUIC_{i}": base_port + 3 * i, f"API_{i}": self.api(i),
                            f"METRICS_{i}": base_port + 3 * i + 2,
                            f"ENR_{i}": enr.record(secret, "127.0.0.1", base_port + 3 * i, 7 if i == 1 else 1)}
            (self.genesis / f"lepton_{i}.key").write_text(secret.hex() + "\n")
        for template in HERE.glob("genesis/**/*.yaml"):
            text = re.sub("@([A-Z_0-9]+)@", lambda match: str(self.values[match[1]]), template.read_text())
            (self.genesis / template.relative_to(HERE / "genesis")).write_text(text)

    def api(self, node):
        return self.base_port + 3 * node + 1

    def command(self, node, program, is_aggregator=False):
        """Returns what the shell script of the document makes of the variables that lean-quickstart gives it."""
        script = re.search(r"^```bash\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)[1]
        variables = {"item": f"lepton_{node}", "configDir": self.genesis, "dataDir": self.directory,
                     "quicPort": self.base_port + 3 * node, "apiPort": self.api(node),
                     "metricsPort": self.base_port + 3 * node + 2, "isAggregator": str(is_aggregator).lower(),
                     "attestationCommitteeCount": 1, "aggregateSubnetIds": "0", "LEPTON_BINARY": program,
                     "scriptDir": self.directory}
        result = subprocess.run(["bash", "-euc", script + '\nprintf %s "$node_binary"'], capture_output=True, text=True,
                                check=True, env={**os.environ, **{k: str(v) for k, v in variables.items()}})
        return shlex.split(result.stdout)

    def start(self, node, program, *flags):
        command = [*self.command(node, program, is_aggregator=node == 0), *flags]
        with open(self.log_path(node), "ab") as log:
            self.processes[node] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def log_path(self, node):
        return self.directory / f"lepton_{node}.log"

    def log(self, node):
        return self.log_path(node).read_text(errors="replace")

    def fork_choice(self, node):
        assert self.processes[node].poll() is None, f"lepton_{node} ended:\n{self.log(node)[-2000:]}"
        with contextlib.suppress(OSError, ValueError):
            return get_json(self.api(node), "/lean/v0/fork_choice")
        return None

    def finalized(self, node):
        answer = self.fork_choice(node)
        return answer["finalized"]["slot"] if answer else -1

    def stop(self, node):
        self.processes[node].send_signal(signal.SIGTERM)
        return self.processes[node].wait(20)

    def run_to_its_end(self, node, program, *flags):
        return subprocess.run([*self.command(node, program), *flags], capture_output=True, text=True, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.kill()
            process.wait()


def block_proof(signed_block):
    """Returns the proof of an SSZ SignedBlock: {block, {proof}}, both of variable size."""
    second = int.from_bytes(signed_block[4:8], "little")
    assert int.from_bytes(signed_block[second:second + 4], "little") == 4
    return signed_block[second + 4:]


def labels(port, name):
    """Returns the labels of every series of a metric with its value."""
    text = get(port, "/metrics")[2].decode()
    return [(dict(re.findall(r'(\w+)="([^"]*)"', found)), float(value)) for found, value in
            re.findall(rf"^{re.escape(name)}\{{(.*)\}} ([0-9.e+-]+)$", text, re.MULTILINE)]


def check_votes_and_proposals(network, validators_of):
    """Every node of `validators_of` votes with all its validators and proposes; finality moves everywhere."""
    for node, count in validators_of.items():
        wait_for(f"lepton_{node} proposes", lambda node=node: "block_proposed" in network.log(node), 40)
        if count:
            signed = metric(network.api(node) + 1, "lean_pq_sig_attestation_signatures_total")
            assert signed >= 2 * count, (node, signed)


def test_fake_proofs_on_a_quickstart_genesis(directory, base_port):
    with Network(directory, base_port, 4) as network:
        small = ["--shadow-xmss-fake", "--shadow-xmss-fake-proof-size", "4096", "--shadow-xmss-merge-rate", "1000",
                 "--shadow-xmss-aggregate-signatures-rate", "1000", "--shadow-xmss-verify-aggregated-signatures-rate", "1000"]
        network.start(0, FAKE)
        network.start(1, FAKE, *small)
        network.start(2, FAKE, *small)
        network.start(3, FAKE)
        network.start(4, RELEASE)
        sizes = set()

        def is_final_on_every_node():
            if network.finalized(0) >= 1:
                sizes.add(len(block_proof(get(network.api(0), "/lean/v0/blocks/finalized")[2])))
            return min(map(network.finalized, range(4))) >= 2 and len(sizes) > 1

        wait_for("finality on every node", is_final_on_every_node, 120)
        assert sizes == {32768, 4096}, sizes
        check_votes_and_proposals(network, {0: 2, 1: 1, 2: 1})

        for node, named in ((0, True), (3, False)):
            lines = network.log(node).splitlines()
            assert "node_starting version=lepton/" in lines[0] and lines[0].endswith("+fake-proofs"), lines[0]
            assert "any proof of an aggregate or a block passes" in lines[1], lines[1]
            assert ("no_validators" in network.log(node)) != named
            (info, _), = labels(network.api(node) + 1, "lean_node_info")
            assert info["name"] == f"lepton_{node}" and info["version"].endswith("+fake-proofs"), info
            assert get_json(network.api(node), "/lean/v0/node/identity")["peer_id"], node
        peers = {peer["client"] for peer, value in labels(network.api(3) + 1, "lean_connected_peers") if value}
        assert peers >= {"lepton_0", "lepton_1", "lepton_2"}, peers

        # A release hears the same blocks and believes none of them.
        assert network.fork_choice(4)["head"] == network.fork_choice(4)["finalized"]["root"], "its head is the genesis"
        foreign = {found["kind"] for found, value in labels(network.api(4) + 1, "lepton_verifier_ignored_total")
                   if found["reason"] == "foreign_proof" and value}
        assert "block" in foreign, foreign
        lines = network.log(4).splitlines()
        assert re.search(r"node_starting version=lepton/[0-9.]+$", lines[0]), lines[0]
        assert [network.stop(node) for node in range(NODES)] == [0] * NODES

        for program, node, other in ((RELEASE, 0, "leanspec-prod+fake-proofs"), (FAKE, 4, "leanspec-prod")):
            result = network.run_to_its_end(node, program)
            assert result.returncode == 2, result
            assert f'belongs to another network (profile="{other}" ' in result.stderr, result.stderr


def test_devnet_of_fake_proofs(directory, base_port):
    """The program's own devnet starts nodes of its own kind."""
    run = pathlib.Path(directory) / "run"
    result = subprocess.run([FAKE, "devnet", "--nodes", "2", "--run-dir", run, "--base-port", str(base_port),
                             "--scheme", "test", "--until-finalized", "2"],
                            capture_output=True, text=True, timeout=200, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    for node in ("lepton_0", "lepton_1"):
        log = (run / node / "node.log").read_text()
        assert re.search(r"node_starting version=\S+\+fake-proofs$", log.splitlines()[0]), log[:500]
        assert "block_proposed" in log, log[-1000:]


def test_release_on_a_quickstart_genesis(directory, base_port):
    """Three of four validators are enough; lepton_3 has none and learns the peers from their records only."""
    with Network(directory, base_port, 4) as network:
        nodes = (0, 1, 3)
        for node in nodes:
            network.start(node, RELEASE, "--max-attestations-per-block", "99", "--enable-proposer-aggregation")
        wait_for("finality on every node", lambda: min(map(network.finalized, nodes)) >= 1, 150)
        check_votes_and_proposals(network, {0: 2, 1: 1})
        assert network.fork_choice(3)["validator_count"] == VALIDATORS
        assert [network.stop(node) for node in nodes] == [0] * len(nodes)


def test_the_command_has_the_flags_of_ethlambda(directory, base_port):
    network = Network(directory, base_port, 3600)
    for is_aggregator, more in ((False, []), (True, ["--is-aggregator"])):
        command = network.command(0, RELEASE, is_aggregator)
        assert command[:2] == [RELEASE, "node"], command
        flags = [word for word in command if word.startswith("--")]
        assert flags == [*ETHLAMBDA_FLAGS, "--attestation-committee-count", *more], flags
    # The flags of features that lepton does not have are refused by name, also those of the Shadow build in a release.
    for program, arguments in ((RELEASE, ["--checkpoint-sync-url", "http://127.0.0.1:1"]),
                               (RELEASE, ["--discovery.enable"]),
                               (RELEASE, ["--shadow-xmss-fake"]),
                               (RELEASE, ["--shadow-xmss-fake-proof-size", "32768"]),
                               (RELEASE, ["--shadow-xmss-merge-rate", "5"]),
                               (FAKE, ["--shadow-xmss-fake-proof-size", "0"]),
                               (FAKE, ["--shadow-xmss-fake-proof-size", "524289"]),
                               (FAKE, ["--aggregate-subnet-ids", "0,1"])):
        result = network.run_to_its_end(0, program, *arguments)
        assert result.returncode == 2 and arguments[0] in result.stderr, result
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr


def test_files_as_other_tools_leave_them(directory, base_port):
    """Byte order marks, line ends of Windows, quotes and prefixes where the tools have none, and names nobody knows."""
    with Network(directory, base_port, 3600) as network:
        def rewrite(name, *changes):
            path = network.genesis / name
            text = path.read_text()
            for pattern, replacement in changes:
                text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
                assert count, (name, pattern)
            path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

        rewrite("config.yaml", (r'"([0-9a-f]{104})"', r"0x\1"), (r"^ACTIVE_EPOCH", "MAX_ATTESTATIONS_DATA: 16\nFUTURE: {a: [1]}\nACTIVE_EPOCH"),
                ("attestation_pubkey", "attestation_public_key"))
        rewrite("annotated_validators.yaml", (r"pubkey_hex: ([0-9a-f]+)", r'pubkey_hex: "0x\1"'),
                (r"privkey_file: (\S+)$", r"privkey_file: '\1'"))
        rewrite("validator-config.yaml", (r'privkey: "([0-9a-f]+)"', r"privkey: 0x\1"),
                ("^config:", "future: [1, 2]\nconfig:\n  future: yes"))
        rewrite("nodes.yaml", (r"^- (enr:\S+)$", r'- "\1"'))
        rewrite("lepton_1.key", (r"\A", "0x"))
        for node, program in ((1, RELEASE), (2, FAKE)):
            network.start(node, program)
            wait_for(f"lepton_{node} starts", lambda node=node: "node_started" in network.log(node), 30)
            assert "validators=1 " in network.log(node) and "bootnodes=2" in network.log(node), network.log(node)
            assert "ignored" not in network.log(node) and "no_validators" not in network.log(node), network.log(node)
            assert network.stop(node) == 0


def test_a_wrong_file_is_one_line_and_exit_2(directory, base_port):
    network = Network(directory, base_port, 3600)
    attester = "validator_1_attester_key_sk.ssz"

    def changed(pattern, replacement):
        def change(path):
            text, count = re.subn(pattern, replacement, path.read_text(), count=1)
            assert count, pattern
            path.write_text(text)
        return change

    def truncated(path):
        path.write_bytes(path.read_bytes()[:-1])

    cases = (
        ("config.yaml", changed("GENESIS_TIME: .*", ""), "GENESIS_TIME"),
        ("config.yaml", changed("GENESIS_TIME: .*", "GENESIS_TIME: soon"), "line 2: expected GENESIS_TIME, a whole number"),
        ("config.yaml", changed("(?s)GENESIS_VALIDATORS:.*", "GENESIS_VALIDATORS: []"), "a list that is not empty"),
        ("config.yaml", changed("(?s)GENESIS_VALIDATORS:.*", f'GENESIS_VALIDATORS:\n    - "{"11" * 52}"'),
         "a map with its two public keys"),
        ("config.yaml", changed('_pubkey: "[0-9a-f]+"', f'_pubkey: "{"11" * 32}"'), "a public key of 52 bytes"),
        ("config.yaml", changed("GENESIS_VALIDATORS:", "GENESIS_VALIDATORS: ["), "no valid YAML"),
        ("config.yaml", pathlib.Path.unlink, "No such file"),
        ("annotated_validators.yaml", changed(attester, "validator_1_sk.ssz"), "either attester or proposer"),
        ("annotated_validators.yaml", changed(f"(?s)pubkey_hex: [0-9a-f]+\n([^\n]*{attester})",
                                              f"pubkey_hex: {'00' * 52}\n\\1"), "the genesis registry has"),
        ("annotated_validators.yaml", changed("index: 1", "index: 9"), "an index below 4"),
        (f"hash-sig-keys/{attester}", pathlib.Path.unlink, "No such file"),
        (f"hash-sig-keys/{attester}", truncated, "secret_key_size"),
        ("validator-config.yaml", changed('privkey: "[0-9a-f]+"', 'privkey: "12"'), "privkey"),
        ("nodes.yaml", pathlib.Path.unlink, "No such file"),
        ("lepton_1.key", changed("^..", "zz"), "64 hexadecimal digits"),
    )
    for name, change, expected in cases:
        path = network.genesis / name
        original = path.read_bytes()
        change(path)
        result = network.run_to_its_end(1, RELEASE, "--log-level", "error")
        path.write_bytes(original)
        assert result.returncode == 2, (name, expected, result)
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        assert str(path) in result.stderr and expected in result.stderr, (name, expected, result.stderr)


def test_the_release_program_has_no_fake_proofs(directory, _):
    for program, has_them in ((RELEASE, False), (FAKE, True)):
        symbols = subprocess.run(["nm", "-C", program], capture_output=True, text=True, check=True).stdout
        assert ("lepton::fake_proofs::" in symbols) == has_them, program
        assert "lepton::aggregation::bundle::" in symbols, program
        stripped = pathlib.Path(directory) / "stripped"
        subprocess.run(["strip", "-o", stripped, program], check=True)
        content = stripped.read_bytes()
        for text in (b"+fake-proofs", b"fake_proofs:"):
            assert (text in content) == has_them, (program, text)
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        assert re.fullmatch(r"lepton/[0-9.]+(\+fake-proofs)?\n", version) and ("+fake-proofs" in version) == has_them, version


def run(name, test, base_port):
    """Returns whether the test passed, and what to print."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lepton-quickstart-") as directory:
        try:
            test(directory, base_port)
            return True, f"ok {name} ({time.monotonic() - started:.0f} s)"
        except Exception:  # noqa: BLE001  a failed test is reported and counted, whatever it was
            text = f"FAILED {name}\n{traceback.format_exc()}"
            for log in sorted(pathlib.Path(directory).glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-15:]
                text += f"--- {log.stem}\n" + "\n".join(lines) + "\n"
            return False, text


def main():
    global RELEASE, FAKE, SHORT_KEYS
    RELEASE, FAKE, SHORT_KEYS = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:4])
    wanted = sys.argv[4:]
    tests = [(name, test) for name, test in globals().items()
             if name.startswith("test_") and (not wanted or name in wanted)]
    base_port = free_base_port(PORTS_PER_NETWORK * len(tests))
    passed = 0
    with concurrent.futures.ThreadPoolExecutor(len(tests) or 1) as pool:
        running = [pool.submit(run, name, test, base_port + PORTS_PER_NETWORK * i)
                   for i, (name, test) in enumerate(tests)]
        for done in concurrent.futures.as_completed(running):
            is_passed, text = done.result()
            passed += is_passed
            print(text, flush=True)
    print(f"{passed} passed, {len(tests) - passed} failed, 0 skipped")
    return 0 if passed == len(tests) and passed else 1


if __name__ == "__main__":
    sys.exit(main())
