#!/usr/bin/env python3
"""End-to-end tests of the lepton program: real processes, real UDP, real disk.

Usage: devnet_test.py LEPTON [NAME ...]; prints a line per test and at the end "N passed, N failed, N skipped".
Without names all but the slow ones run, whose keys take about a minute.
"""

import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from processes import Skipped, free_base_port, run_tests, wait_for  # noqa: E402

LEPTON = None


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
        return answer.status, answer.headers.get("Content-Type"), answer.read()


def get_json(port, path):
    return json.loads(get(port, path)[2])


def metric(port, name):
    text = get(port, "/metrics")[2].decode()
    match = re.search(rf"^{re.escape(name)} ([0-9.e+-]+)$", text, re.MULTILINE)
    assert match, f"metric {name} is missing"
    return float(match.group(1))


def finalized(node):
    """Returns the finalized slot that a node reports, -1 while it does not answer."""
    try:
        return get_json(node["api"], "/lean/v0/fork_choice")["finalized"]["slot"]
    except (OSError, urllib.error.URLError, ValueError, KeyError):
        return -1


class Devnet:
    """A running `lepton devnet` in a directory of its own, with quick keys unless told otherwise."""

    def __init__(self, directory, *options, scheme="test"):
        self.run = pathlib.Path(directory) / "run"
        self.log = open(pathlib.Path(directory) / "devnet.log", "w+b")
        self.process = subprocess.Popen(
            [LEPTON, "devnet", "--run-dir", str(self.run), "--base-port", str(free_base_port(60)), "--scheme", scheme,
             *options],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def output(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def nodes(self):
        path = self.run / "devnet.json"
        return json.loads(path.read_text()) if path.exists() else []

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the devnet did not end within {seconds} s:\n{self.output()[-3000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for node in self.nodes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(node["pid"], signal.SIGKILL)
        self.log.close()


def is_running(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def test_devnet_finalizes_and_ends_well(directory):
    with Devnet(directory, "--nodes", "4", "--until-finalized", "4") as devnet:
        wait_for("devnet.json", devnet.nodes, 60)
        nodes = devnet.nodes()
        assert [node["name"] for node in nodes] == [f"lepton_{i}" for i in range(4)], nodes
        for node in nodes:
            assert set(node) == {"name", "pid", "quic", "api", "metrics", "peer_id", "multiaddr"}, node
            assert node["multiaddr"] == f"/ip4/127.0.0.1/udp/{node['quic']}/quic-v1/p2p/{node['peer_id']}"
            assert (devnet.run / node["name"] / "command").exists()
            assert (devnet.run / node["name"] / "data").is_dir()
        for name in ("config.yaml", "validators.yaml", "annotated_validators.yaml", "nodes.yaml",
                     "validator-config.yaml", "lepton_0.key", "hash-sig-keys/validator-keys-manifest.yaml",
                     "hash-sig-keys/validator_0_attester_key_pk.ssz",
                     "hash-sig-keys/validator_0_proposer_key_sk.ssz"):
            assert (devnet.run / "genesis" / name).exists(), name
        code = devnet.wait(120)
        assert code == 0, devnet.output()[-3000:]
        assert "every node reports finalized slot 4 or later" in devnet.output()
        assert re.search(r"^slot \d+: lepton_0 head \d+ 0x[0-9a-f]{8} justified \d+ finalized \d+ peers 3",
                         devnet.output(), re.MULTILINE), devnet.output()[-2000:]
        assert not any(is_running(node["pid"]) for node in nodes)


def test_killed_node_comes_back_and_votes_again(directory):
    with Devnet(directory, "--nodes", "4") as devnet:
        nodes = wait_for("four nodes in devnet.json", lambda: len(devnet.nodes()) == 4 and devnet.nodes(), 60)
        wait_for("finality", lambda: min(map(finalized, nodes)) >= 2, 90)
        victim, others = nodes[3], nodes[:3]
        os.kill(victim["pid"], signal.SIGKILL)
        before = max(map(finalized, others))
        wait_for("the others go on finalizing", lambda: min(map(finalized, others)) >= before + 3, 60)
        assert "lepton_3 ended: exit code 137" in devnet.output(), devnet.output()[-2000:]
        log = devnet.run / "lepton_3" / "node.log"
        with open(log, "ab") as out:
            subprocess.Popen(["sh", str(devnet.run / "lepton_3" / "command")], stdout=out, stderr=out,
                             stdin=subprocess.DEVNULL, start_new_session=True)
        wait_for("the node answers again", lambda: finalized(victim) >= 0, 15)
        assert finalized(victim) >= 2, "it resumed from its database"
        target = max(map(finalized, others)) + 2
        wait_for("the node catches up", lambda: finalized(victim) >= target, 40)
        wait_for("the node votes again",
                 lambda: metric(victim["metrics"], "lean_pq_sig_attestation_signatures_total") >= 1, 20)
        wait_for("the devnet sees it", lambda: "lepton_3 runs again" in devnet.output(), 10)
        devnet.process.send_signal(signal.SIGINT)
        code = devnet.wait(20)
        assert code == 0, devnet.output()[-3000:]
        assert not any(is_running(node["pid"]) for node in devnet.nodes())


def test_one_node_stops_on_sigterm_and_sigint(directory):
    with Devnet(directory, "--nodes", "2") as devnet:
        nodes = wait_for("two nodes", lambda: len(devnet.nodes()) == 2 and devnet.nodes(), 60)
        wait_for("both answer", lambda: min(map(finalized, nodes)) >= 0, 30)
        for node, number in zip(nodes, (signal.SIGTERM, signal.SIGINT)):
            started = time.monotonic()
            os.kill(node["pid"], number)
            wait_for(f"{node['name']} ends", lambda: f"{node['name']} ended: exit code 0" in devnet.output(), 10)
            assert time.monotonic() - started < 2 + 1.5, "2 s and a turn of the runner"


def test_api_answers(directory):
    with Devnet(directory, "--nodes", "1", "--validators-per-node", "3") as devnet:
        nodes = wait_for("a node", devnet.nodes, 60)
        node = nodes[0]
        wait_for("it answers", lambda: finalized(node) >= 0, 30)
        wait_for("it finalizes alone", lambda: finalized(node) >= 1, 60)
        api = node["api"]
        assert get(api, "/lean/v0/health")[:2] == (200, "application/json")
        assert get_json(api, "/lean/v0/health") == {"status": "healthy", "service": "lean-rpc-api"}
        assert get(api, "/lean/v0/states/finalized")[1] == "application/octet-stream"
        assert get(api, "/lean/v0/blocks/finalized")[1] == "application/octet-stream"
        assert set(get_json(api, "/lean/v0/checkpoints/justified")) == {"slot", "root"}
        tree = get_json(api, "/lean/v0/fork_choice")
        assert tree["validator_count"] == 3 and tree["nodes"], tree
        assert get_json(api, "/lean/v0/node/identity")["peer_id"] == node["peer_id"]
        assert "head_slot" in get_json(api, "/lean/v0/node/syncing")
        assert get_json(api, "/lean/v0/admin/aggregator") == {"is_aggregator": True}
        for body, status in ((b'{"enabled":false}', 200), (b'{"enabled":1}', 400), (b"no", 400), (b"{}", 400)):
            request = urllib.request.Request(f"http://127.0.0.1:{api}/lean/v0/admin/aggregator", data=body,
                                             headers={"Content-Type": "application/json"}, method="POST")
            try:
                with urllib.request.urlopen(request, timeout=2) as answer:
                    assert (answer.status, status) == (200, 200), body
                    assert json.loads(answer.read()) == {"is_aggregator": False, "previous": True}
            except urllib.error.HTTPError as error:
                assert error.code == status, (body, error.code)
        try:
            get(api, "/lean/v0/nothing")
            raise AssertionError("an unknown route must be 404")
        except urllib.error.HTTPError as error:
            assert error.code == 404


def test_a_node_that_dies_ends_the_devnet(directory):
    with Devnet(directory, "--nodes", "2") as devnet:
        nodes = wait_for("two nodes", lambda: len(devnet.nodes()) == 2 and devnet.nodes(), 60)
        wait_for("both answer", lambda: min(map(finalized, nodes)) >= 0, 30)
        os.kill(nodes[1]["pid"], signal.SIGABRT)
        assert devnet.wait(20) == 1
        assert "lepton_1 ended: exit code 134" in devnet.output(), devnet.output()[-2000:]
        assert "lepton_1 |" in devnet.output(), "its last log lines"
        assert not is_running(nodes[0]["pid"])


def test_open_files_are_raised_to_what_is_permitted(directory):
    usual, permitted = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, permitted))
    try:
        devnet = Devnet(directory, "--nodes", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, permitted))
    with devnet:
        node = wait_for("a node", devnet.nodes, 60)[0]
        wait_for("it answers", lambda: finalized(node) >= 0, 30)
        limits = pathlib.Path(f"/proc/{node['pid']}/limits").read_text()
        soft, hard = re.search(r"^Max open files +(\d+) +(\d+)", limits, re.MULTILINE).groups()
        assert soft == hard == str(permitted), limits


class Keys:
    """The public keys that a devnet uses and those that wait for the next one."""

    def __init__(self, directory, scheme):
        self.used = self._read(directory, "run/genesis/hash-sig-keys/*_pk.ssz")
        self.waiting = self._read(directory, f"run-keys/{scheme}/key_*_pk.ssz")

    @staticmethod
    def _read(directory, pattern):
        return {path.read_bytes() for path in pathlib.Path(directory).glob(pattern)}


def test_no_key_sees_a_second_devnet(directory):
    """Each devnet starts with keys that were made while the one before ran, and that never signed."""
    seen = set()
    waiting = None
    secrets = pathlib.Path(directory) / "run-keys" / "leansig-test-0-256"
    for round_number in range(3):
        with Devnet(directory, "--nodes", "2") as devnet:
            # The files of the run before are there until then.
            wait_for("two nodes", lambda: "started 2 nodes" in devnet.output(), 60)
            nodes = devnet.nodes()
            wait_for("keys of the next", lambda: len(Keys(directory, "leansig-test-0-256").waiting) == 4, 20)
            wait_for("both answer", lambda: min(map(finalized, nodes)) >= 0, 30)
            keys = Keys(directory, "leansig-test-0-256")
            assert len(keys.used) == 4 and not keys.used & seen, "none of an earlier devnet"
            assert not keys.used & keys.waiting, "what is used does not wait"
            if round_number == 1:
                assert keys.used == waiting, "those that waited"
                assert "4 keys of --scheme test are ready in" in devnet.output(), devnet.output()
            if round_number == 2:
                assert len(keys.used & waiting) == 3, "all but the damaged one"
                assert re.search(r"cached key \S+_sk.ssz: secret_key_parameter: removed", devnet.output())
                assert "making 1 of 4 keys" in devnet.output(), devnet.output()
            devnet.process.send_signal(signal.SIGINT)
            assert devnet.wait(20) == 0, devnet.output()[-2000:]
        seen |= keys.used
        waiting = keys.waiting
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in secrets.glob("key_*_sk.ssz"))
        if round_number == 1:
            victim = sorted(secrets.glob("key_*_sk.ssz"))[0]
            damaged = bytearray(victim.read_bytes())
            damaged[40] ^= 1
            victim.write_bytes(damaged)


def slow_production_keys_are_the_default_and_wait_for_the_next_devnet(directory):
    """Tells how long the first and the second devnet took to run and to finalize."""
    base = str(free_base_port(60))
    for round_number in range(2):
        started = time.monotonic()
        command = [LEPTON, "devnet", "--run-dir", f"{directory}/run", "--base-port", base, "--until-finalized", "2"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            output, at = "", {}
            for line in process.stdout:
                output += line
                for mark in ("devnet: started 4 nodes", "every node reports finalized"):
                    if mark in line:
                        at[mark] = time.monotonic() - started
        assert process.returncode == 0, output[-3000:]
        print(f"devnet {round_number + 1}: " + ", ".join(f"{seconds:.1f} s {mark}" for mark, seconds in at.items()))
        keys = Keys(directory, "leansig-prod-0-131072")
        assert len(keys.used) == len(keys.waiting) == 8, (len(keys.used), len(keys.waiting), output[-3000:])
        assert "the keys of --scheme prod live for 131072 slots" in output, output
        assert ("making 8 of 8 keys" in output) == (round_number == 0), output
        assert ("8 keys of --scheme prod are ready" in output) == (round_number == 1), output


def run_lepton(*arguments):
    return subprocess.run([LEPTON, *arguments], capture_output=True, text=True, timeout=30, check=False)


def test_wrong_flags_and_files_are_one_line_and_exit_2(directory):
    missing = str(pathlib.Path(directory) / "missing.yaml")
    node = ["node", "--genesis", missing, "--validators", missing, "--bootnodes", missing, "--validator-config",
            missing, "--hash-sig-keys-dir", directory, "--node-key", missing, "--node-id", "lepton_0", "--data-dir",
            str(pathlib.Path(directory) / "data")]
    for arguments, expected in (
            (["devnet", "--nodes", "17"], "--nodes"),
            (["node", "--genesis", missing], "--validators"),
            ([*node, "--checkpoint-sync-url", "http://x"], "--checkpoint-sync-url"),
            ([*node, "--network", "nowhere"], "nowhere"),
            (node, "missing.yaml")):
        result = run_lepton(*arguments)
        assert result.returncode == 2, (arguments, result)
        assert expected in result.stderr, (arguments, result.stderr)
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert not (pathlib.Path(directory) / "data").exists(), "nothing half-written"


def test_what_is_in_use_is_named(directory):
    """Ports, key files and data directories of a running node are refused to another."""
    with Devnet(directory, "--nodes", "1") as devnet:
        node = wait_for("a node", devnet.nodes, 60)[0]
        wait_for("it answers", lambda: finalized(node) >= 0, 30)
        second = run_lepton("genesis", "--output-dir", f"{directory}/other", "--num-validators", "1",
                            "--scheme", "test", "--genesis-time", "4000000000")
        assert second.returncode == 0, second.stderr
        ports = free_base_port(3)

        def start(genesis, data, quic, api, metrics):
            return run_lepton(
                "node", "--network", "leanspec-test", "--genesis", f"{genesis}/config.yaml", "--validators",
                f"{genesis}/annotated_validators.yaml", "--bootnodes", f"{genesis}/nodes.yaml",
                "--validator-config", f"{genesis}/validator-config.yaml", "--hash-sig-keys-dir",
                f"{genesis}/hash-sig-keys", "--node-key", f"{genesis}/lepton_0.key", "--node-id", "lepton_0",
                "--data-dir", data, "--gossipsub-port", str(quic), "--api-port", str(api), "--metrics-port",
                str(metrics))

        own, other = str(devnet.run / "genesis"), f"{directory}/other"
        for result, code, expected in (
                (start(own, f"{directory}/a", ports, ports + 1, ports + 2), 2, "in use by another process"),
                (start(other, str(devnet.run / "lepton_0" / "data"), ports, ports + 1, ports + 2), 74, "is in use by"),
                (start(other, f"{directory}/b", node["quic"], ports + 1, ports + 2), 74, f"{node['quic']}"),
                (start(other, f"{directory}/c", ports, node["api"], ports + 2), 74, f"{node['api']}")):
            assert result.returncode == code, result
            assert expected in result.stderr.strip().splitlines()[-1], result.stderr


def test_a_second_node_with_a_key_does_not_start(directory):
    """However it comes by the key: the same file, a link to it, a copy; with a data directory of its own."""
    with Devnet(directory, "--nodes", "1") as devnet:
        node = wait_for("a node", devnet.nodes, 60)[0]
        wait_for("it answers", lambda: finalized(node) >= 0, 30)
        own = devnet.run / "genesis"
        ports = free_base_port(3)
        secret = "validator_0_attester_key_sk.ssz"

        def start(keys, data, command="node"):
            return run_lepton(
                command, "--network", "leanspec-test", "--genesis", f"{own}/config.yaml", "--validators",
                f"{own}/annotated_validators.yaml", "--bootnodes", f"{own}/nodes.yaml", "--validator-config",
                f"{own}/validator-config.yaml", "--hash-sig-keys-dir", str(keys), "--node-key",
                f"{own}/lepton_0.key", "--node-id", "lepton_0", "--data-dir", f"{directory}/{data}",
                "--gossipsub-port", str(ports), "--api-port", str(ports + 1), "--metrics-port", str(ports + 2))

        ways = {"same": own / "hash-sig-keys"}
        for name, make in (("symbolic", os.symlink), ("hard", os.link), ("copy", shutil.copyfile)):
            ways[name] = pathlib.Path(directory) / name
            ways[name].mkdir()
            for file in sorted((own / "hash-sig-keys").iterdir()):
                make(file, ways[name] / file.name)
        for name, keys in ways.items():
            for command in ("node", "check"):
                result = start(keys, f"data_{name}", command)
                assert result.returncode == 2, (name, result)
                expected = (f"lepton: {keys}/{secret}: is in use by another process: two nodes must never sign with "
                            "the same keys")
                if name == "copy":
                    expected = ("lepton: the attestation key of validator 0 is in use by another process, which has it "
                                "from another file: two nodes must never sign with the same keys")
                assert result.stderr.strip().splitlines()[-1] == expected, (name, result.stderr)
            assert not pathlib.Path(f"{directory}/data_{name}").exists(), "nothing is written"
        os.kill(node["pid"], signal.SIGKILL)
        wait_for("the devnet sees its end", lambda: "lepton_0 ended" in devnet.output(), 10)
        assert start(ways["copy"], "data_copy", "check").returncode == 0, "a killed process holds nothing"


def core_dumped(arguments, directory):
    """Starts a process that may write core files of any size, aborts it, and returns whether it wrote one."""
    process = subprocess.Popen(arguments, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
    time.sleep(2)
    os.kill(process.pid, signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = 0
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status
    return os.WCOREDUMP(status)


def test_a_process_leaves_no_core_file(directory):
    made = run_lepton("genesis", "--output-dir", f"{directory}/genesis", "--num-validators", "1", "--scheme", "test")
    assert made.returncode == 0, made.stderr
    genesis, base = f"{directory}/genesis", free_base_port(3)
    node = [os.path.abspath(LEPTON), "node", "--network", "leanspec-test", "--genesis", f"{genesis}/config.yaml",
            "--validators", f"{genesis}/annotated_validators.yaml", "--bootnodes", f"{genesis}/nodes.yaml",
            "--validator-config", f"{genesis}/validator-config.yaml", "--hash-sig-keys-dir",
            f"{genesis}/hash-sig-keys", "--node-key", f"{genesis}/lepton_0.key", "--node-id", "lepton_0",
            "--data-dir", f"{directory}/data", "--gossipsub-port", str(base), "--api-port", str(base + 1),
            "--metrics-port", str(base + 2)]
    if not core_dumped(["sleep", "60"], directory):
        raise Skipped("this system writes no core files")
    assert not core_dumped(node, directory)


def test_no_secret_is_told(directory):
    """Neither the node's log at its most talkative, nor any route, nor what the other commands say has part of a key."""
    with Devnet(directory, "--nodes", "1", "--validators-per-node", "3") as devnet:
        node = wait_for("a node", devnet.nodes, 60)[0]
        wait_for("it answers", lambda: finalized(node) >= 0, 30)
        signatures = "lean_pq_sig_attestation_signatures_total"
        wait_for("it signs", lambda: metric(node["metrics"], signatures) >= 3, 60)
        os.kill(node["pid"], signal.SIGTERM)
        wait_for("it ends", lambda: "lepton_0 ended: exit code 0" in devnet.output(), 20)
        own = devnet.run / "genesis"
        secret_files = sorted((own / "hash-sig-keys").glob("*_sk.ssz"))
        assert len(secret_files) == 6, secret_files
        for file in [*secret_files, own / "lepton_0.key"]:
            assert file.stat().st_mode & 0o777 == 0o600, file
        # The PRF key leads a key file. A node's identity is in hexadecimal digits.
        secrets = [file.read_bytes()[:32] for file in secret_files]
        secrets.append(bytes.fromhex((own / "lepton_0.key").read_text()))

        command = shlex.split((devnet.run / "lepton_0" / "command").read_text().splitlines()[-1].removeprefix("exec "))
        told = [(devnet.run / "lepton_0" / "node.log").read_bytes(), devnet.output().encode()]
        again = subprocess.Popen([*command, "--log-level", "trace"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            wait_for("it answers again", lambda: finalized(node) >= 0, 30)
            wait_for("it signs again", lambda: metric(node["metrics"], signatures) >= 3, 60)
            told.append(b"".join(get(node["api"], f"/lean/v0/{route}")[2] for route in (
                "health", "states/finalized", "blocks/finalized", "checkpoints/justified", "fork_choice",
                "node/identity", "node/syncing", "admin/aggregator")) + get(node["metrics"], "/metrics")[2])
            taken = subprocess.run([command[0], "check", *command[2:]], capture_output=True, timeout=30, check=False)
            told.append(taken.stdout + taken.stderr)
        finally:
            again.terminate()
            told.append(again.communicate(timeout=20)[0])
        assert b" trace " in told[-1] or b" debug " in told[-1], told[-1][-500:]
        # A file that is wrong at one place: the line that refuses it must not quote it.
        damaged = bytearray(secret_files[0].read_bytes())
        damaged[40] ^= 1
        secret_files[0].write_bytes(damaged)
        refused = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert refused.returncode == 2 and b"(secret_key_parameter)" in refused.stderr, refused
        (own / "lepton_0.key").write_text((own / "lepton_0.key").read_text()[:-1] + "x")
        wrong = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert wrong.returncode == 2, wrong
        told += [refused.stdout + refused.stderr, wrong.stdout + wrong.stderr]
        text = b"\n".join(told)
        public = next((own / "hash-sig-keys").glob("*_attester_key_pk.ssz")).read_bytes()
        assert public[:8] in text, "what is public, as a state is, would be found"
        for secret in secrets:
            for at in range(0, 32, 8):
                part = secret[at:at + 8]
                assert part not in text, part
                assert part.hex().encode() not in text.lower(), part.hex()


def test_check_says_what_will_hurt_and_starts_nothing(directory):
    made = run_lepton("genesis", "--output-dir", f"{directory}/genesis", "--num-validators", "1", "--scheme", "test")
    assert made.returncode == 0, made.stderr
    genesis, base = f"{directory}/genesis", free_base_port(3)

    def check():
        return run_lepton(
            "check", "--network", "leanspec-test", "--genesis", f"{genesis}/config.yaml", "--validators",
            f"{genesis}/annotated_validators.yaml", "--bootnodes", f"{genesis}/nodes.yaml", "--validator-config",
            f"{genesis}/validator-config.yaml", "--hash-sig-keys-dir", f"{genesis}/hash-sig-keys", "--node-key",
            f"{genesis}/lepton_0.key", "--node-id", "lepton_0", "--data-dir", f"{directory}/data",
            "--gossipsub-port", str(base), "--api-port", str(base + 1), "--metrics-port", str(base + 2))

    free = check()
    lines = free.stdout.splitlines()
    assert free.returncode == 0, free
    seen = {line.split()[1].rstrip(":") for line in lines[:-1]}
    assert seen == {"udp_receive_buffer", "open_files", "clock", "cpu", "kernels", "disk", "port", "key"}, seen
    levels = [line.split()[0] for line in lines[:-1]]
    summary = f"{levels.count('ok')} ok, {levels.count('warn')} warnings, 0 failed"
    assert lines[-1] == summary, free.stdout
    assert not pathlib.Path(f"{directory}/data").exists(), "it writes nothing"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", base))
        busy = check()
    assert busy.returncode == 1, busy
    assert f"fail port --gossipsub-port={base} udp: Address already in use" in busy.stdout.splitlines(), busy.stdout
    assert busy.stdout.splitlines()[-1].endswith(", 1 failed"), busy.stdout


def in_directory(test):
    """A test that fails shows the last lines of its nodes."""
    with tempfile.TemporaryDirectory(prefix="lepton-e2e-") as directory:
        try:
            test(directory)
        except Exception:
            for log in sorted(pathlib.Path(directory).glob("run/*/node.log")):
                lines = log.read_text(errors="replace").splitlines()[-15:]
                print(f"--- {log.parent.name}\n" + "\n".join(lines), flush=True)
            raise


def main():
    global LEPTON
    LEPTON = sys.argv[1]
    wanted = sys.argv[2:]
    tests = [(name, test) for name, test in globals().items()
             if (name in wanted if wanted else name.startswith("test_"))]
    passed, failed, skipped = run_tests(tests, in_directory)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
