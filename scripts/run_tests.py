#!/usr/bin/env python3
"""Runs every test of a build directory and counts single tests, not programs.

Usage: run_tests.py [--slow] BUILD_DIRECTORY [PATTERN]
Tests with the ctest label "slow" run only with --slow.
GoogleTest programs are counted by their own reports; other programs by a line "N passed, N failed, N skipped" if
they print one (the last counts), else as one test each. A program that ends badly without a failed test counts as one
failure more. What a program says of single tests, in lines "ok NAME", "FAILED NAME" and "skipped NAME: reason", is
kept under "PROGRAM:NAME".

A run without a pattern ends with the ledger of requirements (check_requirements.py), whose rows count as tests too.
test-results/tests.json in the build directory then holds every single test: {"slow": [programs that were left out],
"tests": [{"program": .., "name": .., "status": "passed" | "failed" | "skipped", "reason": ..}]}.
The last line printed is "N passed, N failed, N skipped"; exit code 1 when anything failed or nothing ran.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import check_requirements

SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)
LINE = re.compile(r"^(ok|FAILED|skipped) ([^\s:]+)(?::? (.*))?$", re.MULTILINE)
STATUS_OF_WORD = {"ok": "passed", "FAILED": "failed", "skipped": "skipped"}


def gtest_tests(program, path):
    """Returns the single tests of one GoogleTest report."""
    tests = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            status = "failed"
        elif skipped is not None or case.get("result") == "skipped":
            status = "skipped"
        elif case.get("status") == "run":
            status = "passed"
        else:
            continue
        reason = " ".join(skipped.get("message", "").split())[:200] if skipped is not None else ""
        tests.append({"program": program, "name": f"{case.get('classname')}.{case.get('name')}", "status": status,
                      "reason": reason})
    return tests


def line_tests(program, output):
    """Returns the single tests that a program of another kind has named in its output."""
    return [{"program": program, "name": f"{program}:{name}", "status": STATUS_OF_WORD[word],
             "reason": reason.strip() if word == "skipped" else ""}
            for word, name, reason in LINE.findall(output)]


def count(tests):
    return tuple(sum(test["status"] == status for test in tests) for status in ("passed", "failed", "skipped"))


def read_program(case, results):
    """Returns ((passed, failed, skipped), [single tests]) of one program in the report of ctest."""
    name = case.get("name")
    status = case.get("status")
    output = "".join(node.text or "" for node in case.iter("system-out"))
    report = results / f"{name}.xml"
    summaries = SUMMARY.findall(output)
    reason = ""
    if report.exists():
        tests = gtest_tests(name, report)
        counts = count(tests)
    else:
        tests = line_tests(name, output)
        if status in ("notrun", "disabled") or case.find("skipped") is not None:
            counts = (0, 0, 1)
            reason = " ".join(output.split())[-200:]
        elif summaries:
            counts = tuple(int(number) for number in summaries[-1])
        else:
            counts = (1, 0, 0) if status == "run" else (0, 1, 0)
    has_failed_otherwise = status == "fail" and counts[1] == 0
    if has_failed_otherwise:
        counts = (counts[0], 1, counts[2])
    whole = "failed" if counts[1] else "passed" if counts[0] else "skipped"
    for test in tests:
        if test["status"] == "skipped":
            print(f"skipped {test['name']}: {test['reason']}")
        elif test["status"] == "failed":
            print(f"failed {test['name']}")
    if has_failed_otherwise:
        print(f"failed {name} (the program itself)")
    elif whole == "skipped":
        print(f"skipped {name}: {reason}")
    elif whole == "failed" and not any(test["status"] == "failed" for test in tests):
        print(f"failed {name}")
    return counts, [{"program": name, "name": name, "status": whole, "reason": reason}, *tests]


def slow_programs(build):
    """Returns the tests with the label "slow": [{"name": .., "command": [..]}]."""
    listing = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1", "-L", "^slow$"],
                             stdout=subprocess.PIPE, check=True)
    return [{"name": test["name"], "command": test.get("command", [])}
            for test in json.loads(listing.stdout)["tests"]]


def main():
    parser = argparse.ArgumentParser(description="run every test of a build directory")
    parser.add_argument("--slow", action="store_true", help="the slow tier too")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("pattern", nargs="?", help="only tests whose name matches")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    results = build / "test-results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{results}/", GTEST_COLOR="no")
    junit = results / "ctest-junit.xml"
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "-j", str(os.cpu_count() or 1),
               "--output-junit", str(junit), "--no-tests=error", "--test-output-truncation", "head",
               "--test-output-size-passed", "200000", "--test-output-size-failed", "200000"]
    if not arguments.slow:
        command += ["-LE", "^slow$"]
    if arguments.pattern:
        command += ["-R", arguments.pattern]
    subprocess.run(command, env=environment, check=False)
    if not junit.exists():
        print("0 passed, 1 failed, 0 skipped")
        return 1

    total = (0, 0, 0)
    tests = []
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        counts, of_program = read_program(case, results)
        total = tuple(a + b for a, b in zip(total, counts))
        tests += of_program
    if not arguments.pattern:
        slow = [] if arguments.slow else slow_programs(build)
        (results / "tests.json").write_text(json.dumps({"slow": slow, "tests": tests}, indent=1))
        total = tuple(a + b for a, b in zip(total, check_requirements.report(results / "tests.json")))
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or sum(total) == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
