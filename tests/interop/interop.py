#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""Other implementations of libp2p against lepton's; README.md says what a peer program must do.

Usage: interop.py [--build DIR] [--only TEXT] [--without-nodes] [--logs DIR] [js|rust|go|lepton ...]
Languages: those given, else js, rust and go. `lepton` is lepton's own peer in the place of the stranger.
Prints "ok LANGUAGE/SCENARIO", "FAILED LANGUAGE/SCENARIO" or "not run LANGUAGE: reason" and at the end "N passed, N failed,
N skipped" (what was not run counts as skipped). Exit code 1 when anything failed, 77 when nothing ran.
"""

import argparse
import concurrent.futures
import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import types

import nodes
import scenarios
from peer_process import LeptonPeer, PeerProcess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "interop"
# Processes wait more than they compute.
SCENARIOS_AT_ONCE = 6
# For downloads; a registry that does not answer is as good as none.
FETCH_SECONDS = 900
NOTHING_RAN = 77


class NotRun(Exception):
    """A toolchain, or what it wants to download, is not to be had."""


def need(tool):
    if not shutil.which(tool):
        raise NotRun(f"{tool} is missing")


def execute(command, directory, failure):
    """Runs a build step; raises `failure` when it fails, after showing what it said."""
    try:
        subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
                       stdin=subprocess.DEVNULL, timeout=FETCH_SECONDS if isinstance(failure, NotRun) else None)
    except subprocess.SubprocessError as error:
        print(error.output, flush=True)
        raise failure from None


def build_js(target):
    need("npm")
    target.mkdir(parents=True, exist_ok=True)
    lock = (SOURCE / "js" / "package-lock.json").read_bytes()
    stamp = target / "installed"
    for file in (SOURCE / "js").iterdir():
        shutil.copy(file, target)
    if not stamp.exists() or stamp.read_bytes() != lock:
        # Not `npm ci`: that wants packages of all other platforms in the lock file too.
        execute(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--no-progress"], target,
                NotRun("npm cannot install it"))
        stamp.write_bytes(lock)
    return [str(target / "node_modules" / ".bin" / "node"), str(target / "peer.js")]


def build_rust(target):
    need("cargo")
    manifest = ["--locked", "--manifest-path", str(SOURCE / "rust" / "Cargo.toml")]
    execute(["cargo", "fetch", *manifest], ROOT, NotRun("cargo cannot fetch what it needs"))
    execute(["cargo", "build", "--release", "--offline", *manifest, "--target-dir", str(target)], ROOT,
            RuntimeError("cargo build failed"))
    return [str(target / "release" / "lepton-interop-rust")]


def build_go(target):
    need("go")
    execute(["go", "mod", "download"], SOURCE / "go", NotRun("go cannot fetch what it needs"))
    program = target / "lepton-interop-go"
    execute(["go", "build", "-o", str(program), "."], SOURCE / "go", RuntimeError("go build failed"))
    return [str(program)]


class Language:
    """`kinds`: its kinds of identity. `build`: takes a directory, returns the command of its peer program."""

    def __init__(self, kinds, build):
        self.kinds, self.build = kinds, build


BOTH_KINDS = ("secp256k1", "ed25519")
LANGUAGES = {"js": Language(BOTH_KINDS, build_js), "rust": Language(BOTH_KINDS, build_rust),
             "go": Language(BOTH_KINDS, build_go)}


class Lab:
    """The processes of one scenario; ends them all."""

    def __init__(self, language, stranger_command, programs, directory):
        self.language, self.stranger_command, self.programs = language, stranger_command, programs
        self.directory = directory
        self.peers = []
        self.nodes = []

    def start(self, make, command, name, kind="secp256k1"):
        name = f"{name}_{len(self.peers)}"
        key = hashlib.sha256(f"{self.directory}{name}".encode()).hexdigest()
        peer = make(command, self.directory / f"{name}.log", key, kind)
        self.peers.append(peer)
        return peer

    def lepton(self):
        return self.start(LeptonPeer, [self.programs.peer], "lepton")

    def stranger(self, kind="secp256k1"):
        make = LeptonPeer if self.language == "lepton" else PeerProcess
        return self.start(make, self.stranger_command, "stranger", kind)

    def restart(self, peer):
        self.peers.remove(peer)
        self.peers.append(peer.restart())
        return self.peers[-1]

    @staticmethod
    def named(peer_id):
        """Stands for a node that is no peer program."""
        return types.SimpleNamespace(id=peer_id)

    def end(self):
        """Every program must still run and end in good order."""
        for peer in self.peers:
            peer.quit()

    def kill(self):
        for process in self.peers + self.nodes:
            process.process.kill()


def run_steps(language, command, programs, logs, name, steps, names):
    """Runs a generator that yields after each step. Returns a text and whether it passed for each of `names`."""
    directory = logs / language / name
    directory.mkdir(parents=True)
    lab = Lab(language, command, programs, directory)
    results = []
    started = time.monotonic()
    try:
        for step, _ in zip(names, steps(lab), strict=True):
            if step == names[-1]:
                lab.end()
            results.append((f"ok {language}/{step} ({time.monotonic() - started:.0f} s)", True))
    except Exception:  # noqa: BLE001  a failed scenario is reported and counted, whatever it was
        text = [f"FAILED {language}/{names[len(results)]}", traceback.format_exc()]
        for log in sorted(directory.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-20:]
            text += [f"--- {log.name}", *(line[:300] for line in lines)]
        results.append(("\n".join(text), False))
        results += [(f"FAILED {language}/{step}: not reached", False) for step in names[len(results):]]
    finally:
        lab.kill()
    return results


def one_step(function, arguments):
    def steps(lab):
        function(lab, *arguments)
        yield
    return steps


def jobs_of(language, command, programs, arguments, logs):
    """Returns the arguments of run_steps for everything that is to be run with a language."""
    common = (language, command, programs, logs)
    jobs = [(*common, name, one_step(function, values), [name])
            for name, function, values in scenarios.all_scenarios(LANGUAGES[language].kinds) if arguments.only in name]
    if not arguments.without_nodes and arguments.only in "nodes":
        jobs.append((*common, "nodes", nodes.run, [f"nodes.{step}" for step in nodes.STEPS]))
    return jobs


class Programs:
    def __init__(self, build):
        self.lepton = str(build / "apps" / "lepton")
        self.peer = str(build / "tests" / "interop" / "lepton-interop-peer")


def main():
    parser = argparse.ArgumentParser(description="other implementations of libp2p against lepton's")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--only", default="", help="only scenarios whose name contains this")
    parser.add_argument("--without-nodes", action="store_true", help="only peer programs, no lepton node")
    parser.add_argument("--logs", type=pathlib.Path, help="keep the logs in this new directory")
    parser.add_argument("languages", nargs="*", metavar="js|rust|go|lepton")
    arguments = parser.parse_args()
    programs = Programs(arguments.build.resolve())
    LANGUAGES["lepton"] = Language(("secp256k1",), lambda target: [programs.peer])
    for language in arguments.languages:
        if language not in LANGUAGES:
            parser.error(f"unknown language {language}")

    total = [0, 0, 0]
    with tempfile.TemporaryDirectory(prefix="lepton-interop-") as directory:
        jobs = []
        for language in arguments.languages or ("js", "rust", "go"):
            try:
                command = LANGUAGES[language].build(ROOT / "build" / "interop" / language)
                jobs += jobs_of(language, command, programs, arguments, arguments.logs or pathlib.Path(directory))
            except NotRun as reason:
                print(f"not run {language}: {reason}", flush=True)
                total[2] += 1
            except RuntimeError as error:
                print(f"FAILED {language}/build: {error}", flush=True)
                total[1] += 1
        # What takes longest starts first.
        jobs.sort(key=lambda job: len(job[-1]), reverse=True)
        with concurrent.futures.ThreadPoolExecutor(SCENARIOS_AT_ONCE) as pool:
            for job in concurrent.futures.as_completed(pool.submit(run_steps, *job) for job in jobs):
                for text, is_ok in job.result():
                    print(text, flush=True)
                    total[0 if is_ok else 1] += 1
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    if total[1]:
        return 1
    return 0 if total[0] else NOTHING_RAN


if __name__ == "__main__":
    sys.exit(main())
