#!/usr/bin/env python3
"""Runs every test of a build directory and counts single tests, not programs.

Usage: run_tests.py [--slow] BUILD_DIRECTORY [PATTERN]
Tests with the ctest label "slow" run only with --slow.
GoogleTest programs are counted by their own reports; other programs by a line "N passed, N failed, N skipped" if
they print one (the last counts), else as one test each. A program that ends badly without a failed test counts as one
failure more. The last line printed is "N passed, N failed, N skipped"; exit code 1 when anything failed or nothing ran.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)


def gtest_counts(path):
    """Returns ((passed, failed, skipped), [skip lines], [failed names]) of one GoogleTest report."""
    passed = failed = skipped = 0
    skips, failures = [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None:
            failed += 1
            failures.append(name)
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            skipped += 1
            reason = case.find("skipped")
            text = reason.get("message", "") if reason is not None else ""
            skips.append(f"{name}: {' '.join(text.split())[:200]}")
        elif case.get("status") == "run":
            passed += 1
    return (passed, failed, skipped), skips, failures


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

    total = [0, 0, 0]
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        name = case.get("name")
        status = case.get("status")
        output = "".join(node.text or "" for node in case.iter("system-out"))
        report = results / f"{name}.xml"
        summaries = SUMMARY.findall(output)
        failures = []
        if report.exists():
            counts, skips, failures = gtest_counts(report)
            for skip in skips:
                print(f"skipped {skip}")
        elif status == "notrun" or status == "disabled" or case.find("skipped") is not None:
            counts = (0, 0, 1)
            print(f"skipped {name}: {' '.join(output.split())[-200:]}")
        elif summaries:
            counts = tuple(int(number) for number in summaries[-1])
        else:
            counts = (1, 0, 0) if status == "run" else (0, 1, 0)
        if status == "fail" and counts[1] == 0:
            counts = (counts[0], 1, counts[2])
            failures = [f"{name} (the program itself)"]
        for failure in failures:
            print(f"failed {failure}")
        total = [a + b for a, b in zip(total, counts)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or sum(total) == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
