#!/usr/bin/env python3
"""Model checks of the actor kit with spin: every model must hold, and each mutant of it must fail, each for its reason.

Usage: run_models.py [NAME ...]   prints a line per check and at the end "N passed, N failed, N skipped".
Exit code 0 when all passed, 1 when one failed, 77 when spin or a C compiler is missing.
A mutant is a model with one mechanism taken away (-DMUTANT_...); its check fails when spin finds nothing, or anything
but the violation that is named here.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
DEPTH_MAX = 100_000
MEMORY_MIB_MAX = 2000

# model, definitions, for mutants the assertion that must be violated (as spin prints it)
CHECKS = [
    ("mailbox", "", None),
    ("mailbox", "REJECT", None),
    ("mailbox", "MUTANT_FLAG_GIVEN_UP_LATE", "len(mailbox)==0"),
    ("mailbox", "MUTANT_ALWAYS_POST", "is_running=="),
    ("mailbox", "MUTANT_NO_ATTENTION", "begun_meanwhile<=1"),
    ("mailbox", "MUTANT_GIVE_BACK_BEHIND", "last[s]<n"),
    ("stop", "", None),
    ("stop", "PATIENT", None),
    ("stop", "KILL", None),
    ("stop", "MUTANT_CLOSED_AFTER_LEFTOVERS", "waiting==0"),
    ("stop", "MUTANT_BATCH_FORGOTTEN", "accepted==(handled+undelivered)"),
    ("stop", "PATIENT MUTANT_DRAIN_WITHOUT_END", "is_over"),
    ("stop", "KILL MUTANT_KILL_WITHOUT_WAIT", "has_incarnation&&"),
    ("ask", "", None),
    ("ask", "FAILURES=0 MUTANT_LATE_ANSWER_COUNTS", "runs[ask]==1"),
    ("ask", "MUTANT_TOKEN_NOT_CHECKED", "open[id_of[id]]==(id+1)"),
    ("ask", "MUTANT_ASKS_OUTLIVE_FAILURE", "born[ask]==incarnation"),
    ("ask", "MUTANT_IDS_BEGIN_ANEW", "open[id]==(ask+1)"),
]
MODELS = pathlib.Path(__file__).resolve().parent


def search(model, definitions):
    """Explores every interleaving; returns what the search printed."""
    options = [f"-D{definition}" for definition in definitions.split()]
    with tempfile.TemporaryDirectory() as directory:
        for command in (["spin", *options, "-a", MODELS / f"{model}.pml"],
                        ["cc", "-O2", "-DSAFETY", f"-DMEMLIM={MEMORY_MIB_MAX}", "-w", "-o", "pan", "pan.c"],
                        ["./pan", f"-m{DEPTH_MAX}"]):
            done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False)
            if done.returncode != 0 or "Error:" in done.stdout:
                break
    return done.stdout


def verdict(output, expected):
    """Returns (whether the check passed, a line about it)."""
    states = re.search(r"(\d+) states, stored", output)
    violated = re.search(r"assertion violated (.*) \(at depth", output)
    is_complete = states and "errors: 0" in output and "Search not completed" not in output and "error:" not in output
    if expected is None:
        return bool(is_complete), f"{states[1]} states" if is_complete else output.strip()
    if violated and expected in violated[1]:
        return True, f"violates {violated[1]}"
    return False, f"expected a violation of {expected}, got:\n{output.strip()}"


def main():
    for tool in ("spin", "cc"):
        if not shutil.which(tool):
            print(f"skipped models: {tool} is not installed (scripts/setup --slow)")
            print("0 passed, 0 failed, 1 skipped")
            return SKIPPED
    failed = 0
    unchecked = {(path.stem, mutant) for path in MODELS.glob("*.pml")
                 for mutant in re.findall(r"MUTANT_\w+", path.read_text(encoding="utf-8"))}
    unchecked -= {(model, word) for model, definitions, _ in CHECKS for word in definitions.split()}
    for model, mutant in sorted(unchecked):
        failed += 1
        print(f"FAILED {model} {mutant}: no check of it")
    chosen = [check for check in CHECKS if len(sys.argv) == 1 or check[0] in sys.argv[1:]]
    for model, definitions, expected in chosen:
        passed, line = verdict(search(model, definitions), expected)
        failed += not passed
        print(f"{'ok' if passed else 'FAILED'} {' '.join([model, *definitions.split()])}: {line}", flush=True)
    print(f"{len(chosen) + len(unchecked) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
