#!/usr/bin/env python3
"""Replays conformance vectors against `lepton node` as the simulator of hive does: over HTTP, with the test driver on.

Usage: hive_driver_test.py LEPTON VECTORS SKIPS; VECTORS: a folder with vectors, SKIPS: tests/spec/skipped.txt.
Prints a line per test and per vector and at the end "N passed, N failed, N skipped". Where VECTORS is absent, the
vectors are skipped and the other tests run.
"""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from processes import free_base_port, run_tests, wait_for  # noqa: E402

LEPTON = None
ROUTES = "/lean/v0/test_driver"
PLACEHOLDER = "0x" + (b"\0MOCKED-AGGREGATION-PROOF\0" + bytes(range(32))).hex()


class Driver:
    """A running `lepton node` with the test driver on, and a connection to it."""

    def __init__(self, directory, value="1", flags=()):
        self.port = free_base_port(1)
        self.directory = pathlib.Path(directory)
        self.log = open(self.directory / "driver.log", "w+b")
        self.process = subprocess.Popen(
            [LEPTON, "node", "--http-address", "127.0.0.1", "--api-port", str(self.port), *flags], cwd=directory,
            env={**os.environ, "HIVE_LEAN_TEST_DRIVER": value}, stdout=self.log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        wait_for("an answer of the driver", self.is_up, 30)

    def is_up(self):
        assert self.process.poll() is None, self.output()
        with contextlib.suppress(OSError):
            return self.ask("GET", "/lean/v0/health")[0] == 200
        self.connection.close()
        return False

    def ask(self, method, path, body=None):
        """Returns status and body of the answer; the body is bytes."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def post(self, route, value):
        return self.ask("POST", f"{ROUTES}/{route}", json.dumps(value))

    def run(self, route, value):
        """Returns the JSON of an answer that must be a success."""
        status, body = self.post(route, value)
        assert status == 200, f"{route}: HTTP {status}: {body.decode(errors='replace')}"
        return json.loads(body)

    def output(self):
        return (self.directory / "driver.log").read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


def stop(driver):
    """Asks the driver to stop and returns its exit code."""
    driver.process.send_signal(signal.SIGTERM)
    return driver.process.wait(20)


# ---- the program

def test_begins_says_what_it_is_and_ends_well(directory):
    with Driver(directory) as driver:
        status, body = driver.ask("GET", "/lean/v0/health")
        assert (status, json.loads(body)) == (200, {"status": "healthy", "service": "lean-rpc-api"}), body
        assert driver.ask("GET", "/lean/v0/fork_choice")[0] == 404
        assert driver.ask("GET", f"{ROUTES}/fork_choice/init")[0] == 405
        assert stop(driver) == 0, driver.output()
        assert "test_driver_starting" in driver.output().splitlines()[0], driver.output()
        assert [path.name for path in pathlib.Path(directory).iterdir()] == ["driver.log"]


def test_takes_the_flags_of_an_image(directory):
    flags = ["--genesis", "no/config.yaml", "--validators", "no/validators.yaml", "--bootnodes", "no/nodes.yaml",
             "--validator-config", "no/validator-config.yaml", "--hash-sig-keys-dir", "no/keys", "--node-key",
             "no/node.key", "--node-id", "lepton_0", "--gossipsub-port", "9000", "--metrics-port", "8080",
             "--is-aggregator", "--attestation-committee-count", "1"]
    with Driver(directory, " True\n", flags) as driver:
        assert stop(driver) == 0, driver.output()


def test_other_values_start_a_node(directory):
    for value in ("", "0", "no"):
        run = subprocess.run([LEPTON, "node"], cwd=directory, env={**os.environ, "HIVE_LEAN_TEST_DRIVER": value},
                             capture_output=True, text=True, timeout=20)
        assert run.returncode == 2 and "--genesis is required" in run.stderr, run


def test_a_taken_port_is_named(directory):
    with Driver(directory) as driver:
        run = subprocess.run([LEPTON, "node", "--api-port", str(driver.port)], cwd=directory, capture_output=True,
                             env={**os.environ, "HIVE_LEAN_TEST_DRIVER": "yes"}, text=True, timeout=20)
        assert run.returncode == 74 and str(driver.port) in run.stderr, run


def test_survives_what_is_no_vector(directory):
    with Driver(directory) as driver:
        for body in ("", "{", "[]", "null", "[" * 100_000, '{"anchorState":' * 100_000, "\0\xff", "1" * 100_000):
            for route in ("fork_choice/init", "fork_choice/step", "state_transition/run", "verify_signatures/run"):
                status, answer = driver.ask("POST", f"{ROUTES}/{route}", body.encode("latin-1"))
                assert status in (400, 409), (body[:20], route, status)
                assert json.loads(answer)["error"], answer
        assert driver.post("fork_choice/step", {"stepType": "tick", "interval": 1, "hasProposal": False})[0] == 409
        # The largest request is read to its end, a larger one is not.
        assert driver.ask("POST", f"{ROUTES}/fork_choice/init", b" " * (16 << 20))[0] == 400
        with contextlib.suppress(OSError):
            assert driver.ask("POST", f"{ROUTES}/fork_choice/init", b" " * ((16 << 20) + 1))[0] == 413
        driver.connection.close()
        assert driver.ask("GET", "/lean/v0/health")[0] == 200
        assert stop(driver) == 0, driver.output()


# ---- vectors

def expected_rejection(vector):
    return vector.get("rejectionReason")


def same(where, actual, expected):
    assert actual == expected, f"{where}: got {actual}, expected {expected}"


def compare_snapshot(where, snapshot, step, exempt):
    """Compares what hive compares, also under the names that the vectors give it."""
    for name, expected in (step.get("checks") or {}).items():
        for prefix, member in (("latestJustified", "justifiedCheckpoint"), ("latestFinalized", "finalizedCheckpoint")):
            if name in (prefix + "Slot", prefix + "Root"):
                same(f"{where} {name}", snapshot[member][name[len(prefix):].lower()], expected)
        if name in snapshot:
            same(f"{where} {name}", snapshot[name], expected)
    expected = step["storeSnapshot"]
    for name, actual in (("time", snapshot["time"]), ("headRoot", snapshot["headRoot"]),
                         ("safeTargetRoot", snapshot["safeTarget"]),
                         ("latestJustified", snapshot["justifiedCheckpoint"]),
                         ("latestFinalized", snapshot["finalizedCheckpoint"])):
        if name not in exempt:
            same(f"{where} {name}", actual, expected[name])


def replay_fork_choice(driver, vector, exempt):
    status, body = driver.post("fork_choice/init", {
        "anchorState": vector["anchorState"], "anchorBlock": vector["anchorBlock"],
        "genesisTime": vector["anchorState"]["config"]["genesisTime"]})
    if expected_rejection(vector) is not None:
        same("init", (status, json.loads(body)), (400, {"error": expected_rejection(vector)}))
        return
    same("init", (status, body), (204, b""))
    assert vector["steps"], "a vector without steps"
    for index, step in enumerate(vector["steps"]):
        answer = driver.run("fork_choice/step", step)
        where = f"step {index}"
        same(where, set(answer), {"accepted", "error", "snapshot"})
        same(f"{where} accepted ({answer['error']})", answer["accepted"], step["valid"])
        same(f"{where} error", answer["error"], step.get("rejectionReason"))
        compare_snapshot(where, answer["snapshot"], step, exempt)


def replay_state_transition(driver, vector, _exempt):
    answer = driver.run("state_transition/run", vector)
    same("members", set(answer), {"succeeded", "error", "post"})
    same("error", answer["error"], expected_rejection(vector))
    same("succeeded", answer["succeeded"], expected_rejection(vector) is None)
    same("post", answer["post"] is None, expected_rejection(vector) is not None)
    for name, expected in vector.get("post", {}).items():
        if name in answer["post"]:
            same(f"post {name}", answer["post"][name], expected)


def replay_verify_signatures(driver, vector, _exempt):
    answer = driver.run("verify_signatures/run", vector)
    reason = answer["error"].split()[0] if answer["error"] else None
    same("error", reason, expected_rejection(vector))
    same("succeeded", answer["succeeded"], expected_rejection(vector) is None)


REPLAY = {"fork_choice_test": replay_fork_choice, "state_transition_test": replay_state_transition,
          "verify_signatures_test": replay_verify_signatures}


def our_signature_vectors(fork_choice):
    """Returns vectors of the verify-signatures format made of a fork-choice vector with a block that has votes."""
    block = next(step["block"] for step in fork_choice["steps"]
                 if step["stepType"] == "block" and step["block"]["body"]["attestations"]["data"])
    validators = len(fork_choice["anchorState"]["validators"]["data"])

    def vector(proof=PLACEHOLDER, reason=None, **changes):
        signed = {"block": {**block, **changes}, "proof": {"proof": {"data": proof}}}
        made = {"_info": {"fixtureFormat": "verify_signatures_test"}, "anchorState": fork_choice["anchorState"],
                "signedBlock": signed}
        return {**made, "rejectionReason": reason} if reason else made

    return {"ours::a_placeholder_passes": vector(),
            "ours::an_empty_proof_does_not": vector("0x", "INVALID_BLOCK_PROOF"),
            "ours::other_bytes_do_not": vector("0x" + "01" * 58, "INVALID_BLOCK_PROOF"),
            "ours::the_proposer_is_a_validator": vector(reason="PROPOSER_INDEX_OUT_OF_RANGE", proposerIndex=validators)}


def read_vectors(folder):
    vectors = {}
    for file in sorted(folder.rglob("*.json")):
        for name, vector in json.loads(file.read_text()).items():
            if vector["_info"]["fixtureFormat"] in REPLAY:
                assert name not in vectors, name
                vectors[name] = vector
    return vectors


def read_skips(path):
    """Returns the reasons of skipped vectors, and the members of others that are not compared."""
    skipped, exempt = {}, {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        what, reason = line.split(" # ", 1)
        name, _, member = what.partition(" ")
        if member:
            exempt.setdefault(name, set()).add(member)
        else:
            skipped[name] = reason
    return skipped, exempt


def replay(folder, skips):
    """Replays every vector on one driver. Returns how many passed, failed and were skipped."""
    if not folder.is_dir():
        print(f"skipped vectors: {folder} is absent", flush=True)
        return 0, 0, 1
    vectors = read_vectors(folder)
    for wanted in ("fork_choice_test", "state_transition_test"):
        assert any(vector["_info"]["fixtureFormat"] == wanted for vector in vectors.values()), wanted
    source = next(vector for vector in vectors.values() if "steps" in vector and any(
        "block" in step and step["block"]["body"]["attestations"]["data"] for step in vector["steps"]))
    vectors.update(our_signature_vectors(source))
    skipped, exempt = read_skips(skips)
    counts = {"ok": 0, "FAILED": 0, "skipped": 0}
    with tempfile.TemporaryDirectory(prefix="lepton-hive-") as directory, Driver(directory) as driver:
        for name, vector in vectors.items():
            word, text = "ok", ""
            if name in skipped:
                word, text = "skipped", f": {skipped[name]}"
            else:
                try:
                    REPLAY[vector["_info"]["fixtureFormat"]](driver, vector, exempt.get(name, set()))
                except Exception as error:  # noqa: BLE001  a failed vector is reported and counted, whatever it was
                    word, text = "FAILED", f"\n    {type(error).__name__}: {error}"
                    driver.connection.close()
            counts[word] += 1
            print(f"{word} {name}{text}", flush=True)
        if stop(driver) != 0:
            counts["FAILED"] += 1
            print(f"FAILED end of the driver\n{driver.output()}", flush=True)
    return tuple(counts.values())


def in_directory(test):
    with tempfile.TemporaryDirectory(prefix="lepton-hive-") as directory:
        test(directory)


def main():
    global LEPTON
    LEPTON = str(pathlib.Path(sys.argv[1]).resolve())
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    passed, failed, skipped = run_tests(tests, in_directory)
    of_vectors = replay(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    print(f"{passed + of_vectors[0]} passed, {failed + of_vectors[1]} failed, {skipped + of_vectors[2]} skipped")
    return 1 if failed or of_vectors[1] or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
