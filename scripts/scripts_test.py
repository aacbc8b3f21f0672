#!/usr/bin/env python3
"""Tests of the scripts that judge tests: what counts as passed, and what does not.

Usage: scripts_test.py; prints a line per test, then "N passed, N failed, 0 skipped".
"""

import contextlib
import io
import pathlib
import sys
import tempfile
import traceback
import xml.etree.ElementTree as ElementTree

import check_requirements
import fuzz
import run_tests

FILE = "`src/layers.txt`"


def ran(**statuses):
    """What is known when these tests ran; a `__` in a name stands for a dot."""
    return check_requirements.Tests([{"name": name.replace("__", "."), "status": status, "reason": "no vectors here"}
                                     for name, status in statuses.items()], [])


def row(mechanism, tests, known, has_vectors=True):
    return check_requirements.check_row("a sentence", mechanism, tests, known, has_vectors)


def test_a_row_needs_a_file_and_a_test_that_passed():
    known = ran(Suite__good="passed", Suite__bad="failed")
    assert row(FILE, "`Suite.good`", known) == ("passed", "")
    for mechanism, tests, what in ((FILE, "`Suite.bad`", "Suite.bad failed"),
                                   (FILE, "`Suite.good` `Suite.bad`", "Suite.bad failed"),
                                   (FILE, "`Suite.renamed`", "does not exist or did not run"),
                                   (FILE, "", "names no test"),
                                   ("", "`Suite.good`", "names no mechanism"),
                                   ("`src/gone.cpp`", "`Suite.good`", "src/gone.cpp does not exist"),
                                   ("`src`", "`Suite.good`", "src does not exist")):
        status, said = row(mechanism, tests, known)
        assert status == "failed" and what in said, (mechanism, tests, said)


def test_a_skipped_test_is_no_proof():
    known = check_requirements.Tests([{"name": "Suite.case", "status": "skipped", "reason": "no such processor"}], [])
    assert row(FILE, "`Suite.case`", known)[0] == "failed"


def test_without_vectors_a_row_of_vectors_is_not_checked():
    known = ran(Vectors__all="skipped", Suite__good="passed")
    assert row(FILE, "`Vectors.all`", known, has_vectors=False)[0] == "skipped"
    assert row(FILE, "`Vectors.all` `Suite.good`", known, has_vectors=False)[0] == "passed"
    assert row(FILE, "`Vectors.all`", known, has_vectors=True)[0] == "failed"


def test_what_is_not_applicable_is_counted_as_skipped_but_its_tests_are_held():
    known = ran(Suite__good="passed")
    missing = "not applicable yet: lepton has no discovery"
    assert row(missing, "", known) == ("skipped", missing)
    assert row(missing, "`Suite.good`", known)[0] == "skipped"
    assert row(missing, "`Suite.gone`", known)[0] == "failed"


def test_all_instances_of_a_test_must_pass():
    names = ("Typed/0.case", "Typed/1.case", "Seeds/OfSeed.finalizes/7", "OfSeed.finalizes/8")
    assert [check_requirements.plain_name(name) for name in names] == ["Typed.case"] * 2 + ["OfSeed.finalizes"] * 2
    assert check_requirements.plain_name("e2e_devnet:test_api") == "e2e_devnet:test_api"
    known = check_requirements.Tests([{"name": "Typed/0.case", "status": "passed", "reason": ""},
                                      {"name": "Typed/1.case", "status": "failed", "reason": ""}], [])
    assert row(FILE, "`Typed.case`", known)[0] == "failed"


def test_tests_of_the_slow_tier_must_exist():
    with tempfile.TemporaryDirectory() as directory:
        script = pathlib.Path(directory) / "crash_test.py"
        script.write_text("def test_kills(directory): pass\n")
        known = check_requirements.Tests([{"name": "Suite.good", "status": "passed", "reason": ""}],
                                         [{"name": "crash", "command": ["python3", str(script)]}])
        assert row(FILE, "`crash:test_kills`", known) == ("skipped", "slow tier")
        assert row(FILE, "`crash`", known) == ("skipped", "slow tier")
        assert row(FILE, "`crash:test_kills` `Suite.good`", known) == ("passed", "")
        assert row(FILE, "`crash:test_kill`", known)[0] == "failed"


def test_each_requirement_stands_once():
    known = ran(Suite__good="passed")
    lines = [f"| {identifier} | a sentence | {FILE} | `Suite.good` |" for identifier in check_requirements.IDS]
    text = "# Title\n| id | what | where | test |\n|---|---|---|---|\n"
    assert all(status == "passed" for _, status, _ in check_requirements.check(text + "\n".join(lines), known, True))

    def failures(changed):
        results = check_requirements.check(text + "\n".join(changed), known, True)
        return [(identifier, what) for identifier, status, what in results if status == "failed"]

    assert failures(lines[1:]) == [("R1", "is missing")]
    assert failures([*lines, lines[5]]) == [("R6", "stands twice")]
    assert failures([*lines, f"| R27 | a sentence | {FILE} | `Suite.good` |"]) == [("R27", "is no requirement")]


def read(xml):
    with tempfile.TemporaryDirectory() as results, contextlib.redirect_stdout(io.StringIO()) as printed:
        counts, tests = run_tests.read_program(ElementTree.fromstring(xml), pathlib.Path(results))
    return counts, {test["name"]: test["status"] for test in tests}, printed.getvalue()


def test_lines_of_a_program_are_single_tests():
    counts, tests, printed = read(
        "<testcase name='p' status='fail'><system-out>ok one (3 s)\nFAILED two: it did not\nskipped three: no tool\n"
        "1 passed, 1 failed, 1 skipped\n</system-out></testcase>")
    assert counts == (1, 1, 1)
    assert tests == {"p": "failed", "p:one": "passed", "p:two": "failed", "p:three": "skipped"}
    assert printed == "failed p:two\nskipped p:three: no tool\n"


def test_a_program_that_ends_badly_has_failed():
    counts, tests, printed = read("<testcase name='p' status='fail'><system-out>ok one\n1 passed, 0 failed, 0 skipped\n"
                                  "</system-out></testcase>")
    assert counts == (1, 1, 0) and tests["p"] == "failed"
    assert printed == "failed p (the program itself)\n"
    assert read("<testcase name='p' status='run'><system-out>hello</system-out></testcase>")[0] == (1, 0, 0)
    assert read("<testcase name='p' status='fail'><system-out>hello</system-out></testcase>")[0] == (0, 1, 0)
    counts, tests, _ = read("<testcase name='p' status='notrun'><skipped message='SKIP_RETURN_CODE=3'/>"
                            "<system-out>no vectors</system-out></testcase>")
    assert counts == (0, 0, 1) and tests == {"p": "skipped"}


@contextlib.contextmanager
def fuzz_program(body):
    """A directory of fuzz programs with one target `t`, whose program is a shell script."""
    before = fuzz.BUILD, fuzz.LEDGER
    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()) as printed, \
            contextlib.redirect_stderr(printed):
        fuzz.BUILD = pathlib.Path(directory)
        fuzz.LEDGER = fuzz.BUILD / "executions.json"
        program = fuzz.BUILD / "tests/fuzz/fuzz_t"
        program.parent.mkdir(parents=True)
        program.write_text('#!/bin/sh\ncase "$1" in --print-size-max) echo 16; exit 0;; esac\n' + body)
        program.chmod(0o755)
        try:
            yield printed
        finally:
            fuzz.BUILD, fuzz.LEDGER = before


def test_fuzzing_goes_on_where_it_was_stopped():
    with fuzz_program("echo 'stat::number_of_executed_units: 40'\n") as printed:
        assert fuzz.run("t", 1)[0] == 40
        assert fuzz.run_all(["t"], 100) == 0
        assert fuzz.read_ledger() == {"t": 120}
        assert fuzz.run_all(["t"], 100) == 0
        assert fuzz.read_ledger() == {"t": 120}
        assert printed.getvalue().count("fuzz target=t executions=120 seconds=0 crashes=0\n") == 2


def test_a_finding_of_fuzzing_is_a_failure_with_its_input():
    finds = ('for option in "$@"; do case $option in -artifact_prefix=*) echo x >"${option#*=}crash-1";; esac; done\n'
             "echo 'stat::number_of_executed_units: 7'\nexit 77\n")
    with fuzz_program(finds) as printed:
        assert fuzz.run_all(["t"], 100) == 1
        assert "crash-1\n" in printed.getvalue() and "crashes=1\n" in printed.getvalue()
        assert fuzz.read_ledger() == {"t": 7}
    with fuzz_program("exit 1\n") as printed:
        assert fuzz.run("t", 1)[2] is not None
        assert "ended with code 1" in printed.getvalue()


def main():
    failed = 0
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    for name, test in tests:
        try:
            test()
            print(f"ok {name}")
        except Exception:  # noqa: BLE001  a failed test is reported and counted, whatever it was
            failed += 1
            print(f"FAILED {name}\n{traceback.format_exc()}")
    print(f"{len(tests) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
