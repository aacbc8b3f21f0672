#!/usr/bin/env python3
"""Checks that wrong programs do not compile, each for its own reason.

Each tests/compile_fail/*.cpp holds a right and, under `#ifdef WRONG`, a wrong version of one program, and a line
`// expect: TEXT` (a regular expression). The wrong version must fail with TEXT in an error message. As positive
control, the right versions of all programs must compile without a warning.

Usage: check_compile_fail.py [COMPILER] (default: $CXX or c++); prints "ok NAME" or "FAILED NAME: WHY" per program and
for the control (right_versions), then "N passed, N failed, 0 skipped".
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "compile_fail"
FLAGS = ["-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'src'}", f"-I{CASES}"]
EXPECT = re.compile(r"^// expect: (.+)$", re.MULTILINE)


def errors_of(compiler, arguments, source=None):
    """Compiles and returns (whether it compiled, error lines, whole output)."""
    environment = dict(os.environ, LC_ALL="C")
    run = subprocess.run([compiler, *FLAGS, *arguments], input=source, env=environment, capture_output=True, text=True)
    errors = [line for line in run.stderr.splitlines() if re.search(r"\berror:", line)]
    return run.returncode == 0, errors, run.stderr


def check_wrong(compiler, case):
    """Returns what is wrong with the wrong version of `case`, or nothing."""
    expected = EXPECT.search(case.read_text())
    if not expected:
        return "has no line `// expect: TEXT`"
    compiled, errors, _ = errors_of(compiler, ["-DWRONG", str(case)])
    if compiled:
        return "compiles"
    if not any(re.search(expected.group(1), line) for line in errors):
        return f"fails without `{expected.group(1)}`:\n  " + "\n  ".join(errors[:5])
    return None


def check_right(compiler, cases):
    """Returns what is wrong with the right versions of all cases, or nothing."""
    headers = sorted({line for case in cases for line in case.read_text().splitlines()
                      if line.startswith("#include")})
    parts = [*headers]
    for case in cases:  # the headers have been seen, so what remains of a case fits into a namespace
        parts.append(f'namespace {case.stem} {{\n#include "{case.name}"\n}}')
    compiled, _, output = errors_of(compiler, ["-x", "c++", "-"], "\n".join(parts) + "\n")
    return None if compiled else output


def main():
    compiler = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CXX", "c++")
    cases = sorted(CASES.glob("*.cpp"))
    if not cases:
        sys.exit(f"no programs in {CASES}")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        control = pool.submit(check_right, compiler, cases)
        for case, problem in zip(cases, pool.map(lambda case: check_wrong(compiler, case), cases)):
            failed += bool(problem)
            print(f"FAILED {case.stem}: {problem}" if problem else f"ok {case.stem}")
        failed += bool(control.result())
        print(f"FAILED right_versions: do not compile\n{control.result()}" if control.result() else "ok right_versions")
    print(f"{len(cases) + 1 - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
