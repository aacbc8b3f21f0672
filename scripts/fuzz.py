#!/usr/bin/env python3
"""Runs fuzz targets (tests/fuzz) with libFuzzer.

Usage: fuzz.py                             lists the targets
       fuzz.py TARGET [SECONDS]            one target for so long, 60 seconds if not said
       fuzz.py --all [--executions N]      every target until it has N executions in this checkout, 10 000 000 if not said
Each target ends with one line `fuzz target=NAME executions=N seconds=S crashes=K`. With --all the executions of earlier
runs count, so that it can be stopped and started again. Exit code 1 when something was found, with the input and how to
run it again; 2 for a wrong call, or when a target does not build.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/fuzz"
LEDGER = BUILD / "executions.json"
EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
# One run of --all, so that little is lost when it is stopped.
SECONDS_OF_STEP = 300


def targets():
    return sorted(path.stem.removeprefix("fuzz_") for path in (ROOT / "tests/fuzz").glob("fuzz_*.cpp"))


def build(names):
    commands = [["cmake", "--preset", "fuzz"],
                ["cmake", "--build", "--preset", "fuzz", "--target", *[f"fuzz_{name}" for name in names]]]
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            print(done.stdout, end="", file=sys.stderr)
            print(f"fuzz: {' '.join(command[:2])} failed", file=sys.stderr)
            sys.exit(2)


def make_vector_inputs():
    subprocess.run([sys.executable, ROOT / "tests/fuzz/make_corpus.py", ROOT / "../shared/vectors", BUILD / "vectors"],
                   stdout=subprocess.DEVNULL, check=True)


def read_ledger():
    return json.loads(LEDGER.read_text()) if LEDGER.exists() else {}


def add_to_ledger(name, executions):
    ledger = read_ledger()
    ledger[name] = ledger.get(name, 0) + executions
    partial = LEDGER.with_suffix(".new")
    partial.write_text(json.dumps(ledger, indent=1, sort_keys=True))
    partial.replace(LEDGER)


def run(name, seconds, runs=None):
    """Runs one target; returns (executions, seconds it took, path of what was found or None)."""
    program = BUILD / f"tests/fuzz/fuzz_{name}"
    corpus = BUILD / "corpus" / name
    findings = BUILD / "findings" / name
    for directory in (corpus, findings):
        directory.mkdir(parents=True, exist_ok=True)
    size_max = subprocess.run([program, "--print-size-max"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    command = [program, f"--seeds={corpus}", f"-max_total_time={seconds}", f"-max_len={size_max}", "-timeout=20",
               "-rss_limit_mb=2048", "-malloc_limit_mb=64", "-print_final_stats=1", f"-artifact_prefix={findings}/",
               corpus, *[path for path in (ROOT / "tests/fuzz/corpus" / name, BUILD / "vectors" / name) if path.is_dir()]]
    if runs is not None:
        command.insert(2, f"-runs={runs}")
    before = set(findings.iterdir())
    started = time.monotonic()
    log_path = BUILD / f"{name}.log"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    with log_path.open("w") as log:
        for line in process.stdout:
            log.write(line)
            if line.startswith("#") and ("pulse" in line or "INITED" in line or "DONE" in line):
                print(f"{name}: {line.strip()}", flush=True)
    code = process.wait()
    text = log_path.read_text()
    executions = max((int(number) for number in EXECUTIONS.findall(text)), default=0)
    add_to_ledger(name, executions)
    if code == 0:
        return executions, time.monotonic() - started, None
    found = sorted(set(findings.iterdir()) - before)
    print(text[-6000:], file=sys.stderr)
    if not found:  # it ended before the first input, or a directory could not be read
        print(f"fuzz: {name} ended with code {code}; all it said is in {log_path}", file=sys.stderr)
        return executions, time.monotonic() - started, log_path
    print(f"fuzz: found {found[0]}", file=sys.stderr)
    print(f"fuzz: run it again with: {program} {found[0]}", file=sys.stderr)
    return executions, time.monotonic() - started, found[0]


def report(name, executions, seconds, crashes):
    print(f"fuzz target={name} executions={executions} seconds={seconds:.0f} crashes={crashes}", flush=True)


def run_all(names, wanted):
    failed = 0
    for name in names:
        seconds = 0.0
        found = None
        while found is None and (left := wanted - read_ledger().get(name, 0)) > 0:
            executions, took, found = run(name, SECONDS_OF_STEP, left)
            seconds += took
            if found is None and executions == 0:
                sys.exit(f"fuzz: {name} executes nothing")
        report(name, read_ledger().get(name, 0), seconds, int(found is not None))
        failed += found is not None
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz")
    parser.add_argument("target", nargs="?")
    parser.add_argument("seconds", nargs="?", type=int, default=60)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--executions", type=int, default=10_000_000)
    arguments = parser.parse_args()
    if arguments.target is None and not arguments.all:
        print("\n".join(targets()))
        return 0
    names = targets() if arguments.all else [arguments.target]
    if not set(names) <= set(targets()):
        print(f"fuzz: no target '{arguments.target}'; ./dev fuzz lists them", file=sys.stderr)
        return 2
    build(names)
    make_vector_inputs()
    os.environ.setdefault("ASAN_SYMBOLIZER_PATH", "/usr/bin/llvm-symbolizer-19")
    if arguments.all:
        return run_all(names, arguments.executions)
    executions, seconds, found = run(arguments.target, arguments.seconds)
    report(arguments.target, executions, seconds, int(found is not None))
    return 1 if found is not None else 0


if __name__ == "__main__":
    sys.exit(main())
