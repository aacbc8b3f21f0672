#!/usr/bin/env python3
"""Checks docs/requirements.md: each requirement has a mechanism that exists and tests that ran and passed.

Usage: check_requirements.py TESTS_JSON (written by run_tests.py; `./dev test` calls this by itself)

A row is `| ID | requirement | mechanism | tests |`. The mechanism names files, the tests column tests, each between
backquotes. A test is
  Suite.case       a GoogleTest; of typed and parameterised ones every instance counts
  PROGRAM:NAME     a single test of another program
  PROGRAM          a whole ctest program
A mechanism that begins with "not applicable yet:" says what lepton lacks; such a row may do without tests.

Prints a line for each row that is not simply fulfilled, then a summary. A row fails when it is missing, stands twice,
names a file that does not exist, or a test that does not exist or did not pass. A row is counted as skipped when it is
not applicable yet, when all of its tests are in the slow tier and that did not run, or when all of them need the
conformance vectors and those are not there. Exit code 1 when a row failed.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEDGER = ROOT / "docs" / "requirements.md"
VECTORS = ROOT.parent / "shared" / "vectors"
IDS = [f"R{i}" for i in range(1, 27)] + [f"L{i}" for i in range(1, 47)]
NOT_YET = "not applicable yet:"
# How tests that need the vectors say that they did without.
NO_VECTORS = re.compile(r"vectors")
INSTANCE = re.compile(r"^(?:[^/.]+/)?([A-Za-z]\w*)(?:/\d+)?\.([A-Za-z0-9_]+)(?:/.*)?$")


class Tests:
    """What is known of the tests: those that ran, and those that the slow tier would run."""

    def __init__(self, ran, slow):
        self.status = {}
        self.reason = {}
        for test in ran:
            name = plain_name(test["name"])
            self.status.setdefault(name, set()).add(test["status"])
            if test["status"] == "skipped":
                self.reason[name] = test["reason"]
        self.slow = {program["name"]: program["command"] for program in slow}
        self.slow_cases = set()
        for command in self.slow.values():
            if command and command[0].endswith("_test"):
                self.slow_cases |= list_gtest(command[0])

    def is_slow(self, name):
        """Returns whether the slow tier has the test."""
        if name in self.slow or name in self.slow_cases:
            return True
        program, _, line = name.partition(":")
        scripts = [pathlib.Path(part) for part in self.slow.get(program, []) if part.endswith((".py", ".sh"))]
        return bool(line) and any(re.search(rf"\b{re.escape(line)}\b", script.read_text()) for script in scripts)

    def outcome(self, name):
        """Returns "passed", "slow", "no vectors", or what is wrong with the test."""
        status = self.status.get(name)
        if status is None:
            return "slow" if self.is_slow(name) else f"test {name} does not exist or did not run"
        if "failed" in status:
            return f"test {name} failed"
        if "skipped" in status:
            reason = self.reason[name]
            return "no vectors" if NO_VECTORS.search(reason) else f"test {name} was skipped: {reason}"
        return "passed"


def plain_name(name):
    """Returns the name of a GoogleTest without its type or parameter."""
    return INSTANCE.sub(r"\1.\2", name)


def list_gtest(program):
    """Returns the tests in a GoogleTest program."""
    listing = subprocess.run([program, "--gtest_list_tests"], stdout=subprocess.PIPE, text=True, check=True).stdout
    names, suite = set(), ""
    for line in listing.splitlines():
        word = line.split("#")[0].strip()
        if not line.startswith(" "):
            suite = word
        elif word:
            names.add(plain_name(suite + word))
    return names


def parse(text):
    """Returns the rows of the ledger: [(id, requirement, mechanism, tests)]."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if re.fullmatch(r"[RL]\d+", cells[0]):
            rows.append((cells + [""] * 4)[:4])
    return rows


def check_row(requirement, mechanism, tests, known, has_vectors):
    """Returns ("passed" | "skipped" | "failed", what there is to say)."""
    files = re.findall(r"`([^`]+)`", mechanism)
    names = re.findall(r"`([^`]+)`", tests)
    is_applicable = not mechanism.startswith(NOT_YET)
    problems = [f"{file} does not exist" for file in files if not (ROOT / file).is_file()]
    if not requirement:
        problems.append("says nothing")
    if is_applicable and not files:
        problems.append("names no mechanism")
    if is_applicable and not names:
        problems.append("names no test")
    outcomes = [known.outcome(name) for name in names]
    if has_vectors:
        outcomes = ["a test found no vectors, although they are there" if outcome == "no vectors" else outcome
                    for outcome in outcomes]
    problems += [outcome for outcome in outcomes if outcome not in ("passed", "slow", "no vectors")]
    if problems:
        return "failed", "; ".join(problems)
    if not is_applicable:
        return "skipped", mechanism
    if "passed" in outcomes:
        return "passed", ""
    return "skipped", "not checked: needs the conformance vectors" if "no vectors" in outcomes else "slow tier"


def check(text, known, has_vectors):
    """Returns [(id, status, what there is to say)], an entry for each requirement."""
    found = {}
    for identifier, *row in parse(text):
        found.setdefault(identifier, []).append(row)
    results = [(identifier, "failed", "is no requirement") for identifier in found if identifier not in IDS]
    for identifier in IDS:
        rows = found.get(identifier, [])
        if len(rows) == 1:
            results.append((identifier, *check_row(*rows[0], known, has_vectors)))
        else:
            results.append((identifier, "failed", "stands twice" if rows else "is missing"))
    return results


def report(path):
    """Prints the result of the check and returns (passed, failed, skipped)."""
    data = json.loads(path.read_text())
    known = Tests(data["tests"], data["slow"])
    text = LEDGER.read_text()
    results = check(text, known, VECTORS.is_dir())
    for identifier, status, what in results:
        if status != "passed":
            print(f"{status} requirement {identifier}: {what}")
    counts = tuple(sum(result[1] == status for result in results) for status in ("passed", "failed", "skipped"))
    names = {name for *_, tests in parse(text) for name in re.findall(r"`([^`]+)`", tests)}
    only_found = sum(known.outcome(name) == "slow" for name in names)
    print(f"requirements: {counts[0]} fulfilled, {counts[1]} failed, {counts[2]} not checked; "
          f"{len(names)} tests named, {only_found} of them in the slow tier and not run")
    return counts


if __name__ == "__main__":
    sys.exit(1 if report(pathlib.Path(sys.argv[1]))[1] else 0)
