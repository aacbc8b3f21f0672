#!/usr/bin/env python3
"""Takes mechanisms of lepton away, one at a time, and sees whether their tests fail.

Usage: mutants.py [NAME ...]    build and run all mutants, or these
       mutants.py --check       only look whether each mutant still fits the source (no build)

A mutant is a file tests/mutants/NAME.toml: what it breaks (what), where (file), the text that is replaced, which
stands there exactly once (text, replacement), and which tests must fail (program, filter: a GoogleTest program of
ctest and its --gtest_filter). It is applied to a copy of the source tree in build/mutants, never to the tree itself.

Prints "killed NAME" (its tests failed), "SURVIVED NAME: why" or "stale NAME: why", then "N killed, N survived, N stale"
and exits with 1 unless all were killed. With --check "ok NAME" or "FAILED NAME: why", and "N passed, N failed, 0
skipped".
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "tests" / "mutants"
COPY = ROOT / "build" / "mutants" / "source"
PRESET = "release"
BUILD = COPY / "build" / PRESET
TEST_SECONDS_MAX = 120


def load(path):
    return {"name": path.stem, **tomllib.loads(path.read_text())}


def misfit(mutant):
    """Returns why the mutant does not fit the source, or nothing."""
    file = ROOT / mutant["file"]
    if not file.is_file():
        return f"{mutant['file']} does not exist"
    count = file.read_text().count(mutant["text"])
    return None if count == 1 else f"its text stands {count} times in {mutant['file']}"


def copy_source():
    """Makes the copy equal to the source tree. What is equal already is left alone, so it is not built again."""
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                             stdout=subprocess.PIPE, check=True).stdout
    names = {name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()}
    for name in names:
        target = COPY / name
        content = (ROOT / name).read_bytes()
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod((ROOT / name).stat().st_mode)
    for target in COPY.rglob("*"):
        name = target.relative_to(COPY)
        if target.is_file() and name.parts[0] != "build" and str(name) not in names:
            target.unlink()


def run(command, **options):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GTEST_")}
    environment["CCACHE_BASEDIR"] = str(COPY)
    return subprocess.run(command, cwd=COPY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, **options)


def build(program):
    """Builds a test program; returns what the compiler says when it fails, or nothing."""
    result = run(["cmake", "--build", "--preset", PRESET, "--target", program])
    return None if result.returncode == 0 else result.stdout


def path_of(program):
    """Returns where a test program is; ctest knows it once it is built."""
    listing = run(["ctest", "--test-dir", str(BUILD), "--show-only=json-v1", "-R", f"^{program}$"])
    # Tests that make what it needs are listed beside it.
    return next(test["command"][0] for test in json.loads(listing.stdout)["tests"] if test["name"] == program)


def passes(path, pattern):
    """Returns whether tests of the pattern ran and all passed. One that hangs does not pass."""
    with subprocess.Popen([path, f"--gtest_filter={pattern}", "--gtest_color=no"], cwd=BUILD, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, start_new_session=True,
                          env={key: value for key, value in os.environ.items() if not key.startswith("GTEST_")}) as test:
        try:
            output, _ = test.communicate(timeout=TEST_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(test.pid, signal.SIGKILL)  # death tests leave children behind
            test.communicate()
            return False
    ran = re.search(r"Running (\d+) tests?", output)
    wanted = pattern.count(":") + 1
    return test.returncode == 0 and ran is not None and int(ran.group(1)) == wanted


def try_mutant(mutant, path):
    """Returns why the mutant has survived, or nothing."""
    file = COPY / mutant["file"]
    original = file.read_text()
    try:
        file.write_text(original.replace(mutant["text"], mutant["replacement"]))
        problem = build(mutant["program"])
        if problem:
            return "it does not compile\n" + problem[-2000:]
        return "its tests pass" if passes(path, mutant["filter"]) else None
    finally:
        file.write_text(original)


def run_mutants(mutants):
    counts = {"killed": 0, "survived": 0, "stale": 0}
    copy_source()
    configured = run(["cmake", "--preset", PRESET])
    if configured.returncode != 0:
        sys.exit(configured.stdout)
    for program in sorted({mutant["program"] for mutant in mutants}):
        problem = build(program)
        if problem:
            sys.exit(f"{program} does not build without any mutant\n{problem}")
        path = path_of(program)
        of_program = [mutant for mutant in mutants if mutant["program"] == program]
        sound = {mutant["name"] for mutant in of_program if passes(path, mutant["filter"])}
        for mutant in of_program:
            stale = misfit(mutant)
            if mutant["name"] not in sound:
                survival = "its tests do not pass without it, or do not exist"
            else:
                survival = None if stale else try_mutant(mutant, path)
            outcome = "stale" if stale else "survived" if survival else "killed"
            counts[outcome] += 1
            word = "SURVIVED" if survival else outcome
            print(f"{word} {mutant['name']}" + (f": {stale or survival}" if stale or survival else ""), flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return 0 if counts["killed"] == len(mutants) else 1


def check_all(mutants):
    failed = 0
    for mutant in mutants:
        stale = misfit(mutant)
        failed += bool(stale)
        print(f"FAILED {mutant['name']}: {stale}" if stale else f"ok {mutant['name']}")
    print(f"{len(mutants) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description="take mechanisms away and see their tests fail")
    parser.add_argument("--check", action="store_true", help="only look whether the mutants fit the source")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    mutants = [load(path) for path in sorted(MUTANTS.glob("*.toml"))]
    unknown = set(arguments.names) - {mutant["name"] for mutant in mutants}
    if unknown:
        sys.exit(f"no such mutant: {', '.join(sorted(unknown))}")
    chosen = [mutant for mutant in mutants if not arguments.names or mutant["name"] in arguments.names]
    return check_all(chosen) if arguments.check else run_mutants(chosen)


if __name__ == "__main__":
    sys.exit(main())
