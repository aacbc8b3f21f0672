#!/usr/bin/env python3
"""Compares lepton's actor kit with CAF: the same programs on both, each measurement in a process of its own.

Usage: run.py PROGRAMS [--rounds N] [--only NAME ...] [--json FILE]
PROGRAMS is the directory of bench_actor_lepton and bench_actor_caf. Each round makes each measurement once on both, in
alternating order. A ratio is the median over the rounds of lepton's figure divided by CAF's in the same round.
Exit code 0 when every floor is met, 1 when one is missed, 2 when nothing could be measured.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

# Rate of lepton by that of CAF, and the least it may be. Plain threads that send without pause, which no node has, meet
# a lock where CAF has none: their floors are lower.
SPEED = {"one_to_one": 0.9, "many_to_one": 0.9, "one_to_one_threads": 0.7, "many_to_one_threads": 0.8,
         "ping_pong": 2.0, "ask": 1.5}
TIMERS = "timers"
# Memory of lepton by that of CAF may be at most OVERLOAD_MEMORY_MAX: of the whole process with votes, and what was
# added by the flood with small messages, which take less than the process itself.
OVERLOAD = {"overload_votes": "peak_kib", "overload_votes_urgent_ticks": "peak_kib", "overload_small": "growth_kib"}
OVERLOAD_MEMORY_MAX = 0.05
OVERLOAD_TICKS = 300


class Pairs:
    """The measurements of one name, a pair per round."""

    def __init__(self, rounds):
        self.rounds = rounds

    def median(self, kit, key):
        return statistics.median(pair[kit][key] for pair in self.rounds)

    def ratios(self, key):
        return [pair["lepton"][key] / pair["caf"][key] for pair in self.rounds]

    def ratio(self, key):
        return statistics.median(self.ratios(key))

    def ticks(self, kit):
        return min(pair[kit]["timers"] for pair in self.rounds)


def measure(programs, kit, name):
    out = subprocess.run([programs / f"bench_actor_{kit}", name], stdout=subprocess.PIPE, check=True, timeout=120)
    result = json.loads(out.stdout)
    result["rate"] = result["operations"] / result["seconds"]
    return result


def run_rounds(programs, names, count):
    results = {name: [] for name in names}
    for number in range(count):
        print(f"round {number + 1} of {count}, load {os.getloadavg()[0]:.2f}", file=sys.stderr)
        for name in names:
            kits = ("lepton", "caf") if number % 2 == 0 else ("caf", "lepton")
            results[name].append({kit: measure(programs, kit, name) for kit in kits})
    return {name: Pairs(rounds) for name, rounds in results.items()}


def span(ratios):
    return f"{statistics.median(ratios):6.3f} [{min(ratios):.3f}-{max(ratios):.3f}]"


def report(results):
    """Prints the tables; returns {name of a floor: whether it is met}."""
    met = {}

    def verdict(name, is_met):
        met[name] = is_met
        return "met" if is_met else "MISSED"

    print(f"\n{'speed, M/s':30}{'lepton':>10}{'CAF':>10}  {'ratio [least-greatest]':24}{'floor':>7}")
    for name, floor in SPEED.items():
        if name not in results:
            continue
        pairs = results[name]
        text = "" if floor is None else f"{floor:7.1f}  {verdict(name, pairs.ratio('rate') >= floor)}"
        print(f"{name:30}{pairs.median('lepton', 'rate') / 1e6:10.3f}{pairs.median('caf', 'rate') / 1e6:10.3f}  "
              f"{span(pairs.ratios('rate')):24}{text}")

    if TIMERS in results:
        pairs = results[TIMERS]
        print(f"\n{'100,000 timers':30}{'lepton':>10}{'CAF':>10}  ratio [least-greatest]")
        for title, key in (("CPU, s", "cpu_seconds"), ("late by, us: median", "late_us_p50"),
                           ("late by, us: 99 %", "late_us_p99"), ("peak memory, KiB", "peak_kib")):
            print(f"{title:30}{pairs.median('lepton', key):10.2f}{pairs.median('caf', key):10.2f}  "
                  f"{span(pairs.ratios(key))}")

    for name, key in OVERLOAD.items():
        if name not in results:
            continue
        pairs = results[name]
        print(f"\n{name:30}{'lepton':>10}{'CAF':>10}")
        ticks = pairs.ticks("lepton")
        print(f"{f'ticks of {OVERLOAD_TICKS}, fewest':30}{ticks:10}{pairs.ticks('caf'):10}  "
              f"floor all: {verdict(name + ' ticks', ticks == OVERLOAD_TICKS)}")
        for title, late in (("late by, us: median", "late_us_p50"), ("late by, us: 99 %", "late_us_p99")):
            print(f"{title:30}{pairs.median('lepton', late):10.0f}{pairs.median('caf', late):10.0f}")
        is_met = pairs.ratio(key) <= OVERLOAD_MEMORY_MAX
        print(f"{f'memory ({key})':30}{pairs.median('lepton', key):10.0f}{pairs.median('caf', key):10.0f}  "
              f"{span(pairs.ratios(key))}, at most {OVERLOAD_MEMORY_MAX}: {verdict(name + ' memory', is_met)}")
    return met


def output_of(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip()


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as info:
        models = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    dirty = "" if output_of("git", "status", "--porcelain") == "" else " and changes"
    return {"cpu": models[0] if models else platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release(), "compiler": output_of("c++", "--version").split("\n")[0],
            "caf": output_of("dpkg-query", "-W", "-f=${Version}", "libcaf-dev"),
            "commit": output_of("git", "rev-parse", "--short", "HEAD") + dirty}


def main():
    names = [*SPEED, TIMERS, *OVERLOAD]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure there")
    arguments = parser.parse_args()
    for kit in ("lepton", "caf"):
        if not (arguments.programs / f"bench_actor_{kit}").exists():
            print(f"bench: {arguments.programs}/bench_actor_{kit} is missing; ./dev bench actor builds it",
                  file=sys.stderr)
            return 2

    facts = machine()
    facts["load_before"] = os.getloadavg()
    results = run_rounds(arguments.programs, arguments.only, arguments.rounds)
    facts["load_after"] = os.getloadavg()
    met = report(results)
    print(f"\n{arguments.rounds} rounds, 2 workers each; {facts['cpu']}, {facts['cores']} cores, {facts['kernel']}; "
          f"{facts['compiler']}; CAF {facts['caf']}; commit {facts['commit']}")
    for when in ("before", "after"):
        print(f"load {when}: " + " ".join(f"{load:.2f}" for load in facts[f"load_{when}"]))
    if arguments.json:
        rounds = {name: pairs.rounds for name, pairs in results.items()}
        arguments.json.write_text(json.dumps({"machine": facts, "floors_met": met, "rounds": rounds}, indent=1) + "\n",
                                  encoding="utf-8")
    missed = [name for name, is_met in met.items() if not is_met]
    print(f"{len(met) - len(missed)} of {len(met)} floors met" + (": missed " + ", ".join(missed) if missed else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
