#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""The scenarios of hive's lean simulator against running nodes of lepton; docs/testing.md maps them.

Usage: hive_test.py LEPTON LEPTON_SHARED_KEYS LEPTON_INTEROP_PEER LEPTON_SIGNED_BLOCKS [--logs DIR] [SUITE ...]
Prints "ok NAME", "FAILED NAME" or "skipped NAME: reason" for each scenario and at the end "N passed, N failed, N
skipped". Exit code 1 when anything failed, 0 otherwise.

A suite is a list of sequences; those of all suites run beside each other: most of their time is waiting for slots.
"""

import argparse
import concurrent.futures
import pathlib
import sys
import tempfile
import time
import traceback

from lab import Lab, Programs, printed  # before the suites: it knows where the modules of other tests are

import client_definition
import client_interop
import gossip
import reqresp
import rpc_compat
import sync
import validation

SUITES = {suite.__name__: suite for suite in (rpc_compat, reqresp, gossip, validation, sync, client_interop,
                                             client_definition)}


def run_sequence(lab, sequence):
    """Returns (text, whether it passed) for each scenario of the sequence."""
    started = time.monotonic()
    try:
        made = sequence.setup(lab)
    except Exception:  # noqa: BLE001  a failed scenario is reported and counted, whatever it was
        text = traceback.format_exc()
        return [(f"FAILED {name}: not reached\n{text}", False) for name, _ in sequence.scenarios]
    results = []
    for name, function in sequence.scenarios:
        try:
            function(made)
            results.append((f"ok {name} ({time.monotonic() - started:.0f} s)", True))
        except Exception:  # noqa: BLE001
            results.append((f"FAILED {name}\n{traceback.format_exc()}", False))
        started = time.monotonic()
    return results


def main():
    parser = argparse.ArgumentParser(description="the scenarios of hive's lean simulator")
    parser.add_argument("programs", nargs=4, metavar="PROGRAM")
    parser.add_argument("--logs", help="keep everything in this new directory")
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    arguments = parser.parse_intermixed_args()
    for name in arguments.suites:
        if name not in SUITES:
            parser.error(f"unknown suite {name}")
    if arguments.logs:
        pathlib.Path(arguments.logs).mkdir(parents=True)
    suites = [SUITES[name] for name in arguments.suites or SUITES]

    total = [0, 0]
    with tempfile.TemporaryDirectory(prefix="lepton-hive-") as directory:
        lab = Lab(Programs(*arguments.programs), arguments.logs or directory)
        sequences = [sequence for suite in suites for sequence in suite.SEQUENCES]
        try:
            with concurrent.futures.ThreadPoolExecutor(len(sequences)) as pool:
                running = [pool.submit(run_sequence, lab, sequence) for sequence in sequences]
                for job in concurrent.futures.as_completed(running):
                    for text, is_ok in job.result():
                        print(text, flush=True)
                        total[0 if is_ok else 1] += 1
            try:
                lab.end_all()
            except AssertionError as error:
                print(f"FAILED the_end: {error}", flush=True)
                total[1] += 1
        finally:
            lab.kill()
    skipped = [(name, reason) for suite in suites for name, reason in suite.NOT_APPLICABLE]
    for name, reason in skipped:
        print(f"skipped {printed(name)}: {reason}")
    print(f"{total[0]} passed, {total[1]} failed, {len(skipped)} skipped")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
