#!/usr/bin/env python3
"""Checks the includes between the folders of src/ against src/layers.txt.

Fails on an include whose edge is not listed, on a listed edge that points upward (to the folder itself or a later
line), on a listed edge that no file uses, and on a folder without a line. An edge may name one header
("storage/block_reader.hpp"). Test files may include what their folder may include, and nothing more.

Usage: check_layers.py [ROOT]; prints each breach, then "N passed, N failed, 0 skipped" (one check per folder).
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def read_layers(path):
    """Returns {folder: [edge, ...]} in file order."""
    layers = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        folder, colon, edges = line.partition(":")
        if not colon or folder in layers:
            sys.exit(f"{path}:{number}: expected one line `folder: allowed ...` per folder")
        layers[folder] = edges.split()
    return layers


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    source = root / "src"
    layers = read_layers(source / "layers.txt")
    folders = sorted(entry.name for entry in source.iterdir() if entry.is_dir())
    order = list(layers)
    problems = {folder: [] for folder in set(folders) | set(order)}

    for folder in folders:
        if folder not in layers:
            problems[folder].append(f"src/layers.txt has no line for src/{folder}")

    for position, folder in enumerate(order):
        for edge in layers[folder]:
            target = edge.split("/", 1)[0]
            if target not in layers:
                problems[folder].append(f"src/layers.txt: {folder} lists the unknown folder {target}")
            elif order.index(target) >= position:
                problems[folder].append(f"src/layers.txt: {folder} may not depend upward on {target}")
        used = set()
        files = sorted(
            path for path in (source / folder).rglob("*") if path.suffix in (".hpp", ".cpp")
        ) if (source / folder).is_dir() else []
        for path in files:
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                target = match.group(1).split("/", 1)[0]
                if target == folder:
                    continue
                if target in layers[folder]:
                    used.add(target)
                elif match.group(1) in layers[folder]:
                    used.add(match.group(1))
                else:
                    problems[folder].append(
                        f"{path.relative_to(root)}:{number}: {folder} may not include {match.group(1)}"
                    )
        if files:
            for edge in layers[folder]:
                if edge not in used:
                    problems[folder].append(f"src/layers.txt: no file of {folder} includes {edge}: remove the edge")

    failed = 0
    for folder in sorted(problems):
        for problem in problems[folder]:
            print(problem)
        failed += bool(problems[folder])
    print(f"{len(problems) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
