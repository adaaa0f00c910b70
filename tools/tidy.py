#!/usr/bin/env python3
"""Runs clang-tidy-14 on the project's files of a compile_commands.json, in parallel; on those of
tests/ only with --all.

Files found clean are remembered in <build>/tidy/ under a hash of their preprocessed text, their
command and .clang-tidy, so only what has changed is checked again.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPILER = "clang++-14"
TIDY = "clang-tidy-14"


def commands(build, everything):
    """Command, working folder and file of each entry whose source is part of the project."""
    left_out = [ROOT / "build"] + ([] if everything else [ROOT / "tests"])
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if ROOT in path.parents and not any(folder in path.parents for folder in left_out):
            words = shlex.split(entry["command"])
            if pathlib.Path(words[0]).name == "ccache":
                words = words[1:]
            yield words[1:], entry["directory"], path


def preprocess(arguments, folder):
    kept = []
    skip = False
    for word in arguments:
        if skip or word == "-c":
            skip = False
        elif word == "-o":
            skip = True
        else:
            kept.append(word)
    return subprocess.run([COMPILER, "-E", "-P", *kept], cwd=folder, capture_output=True, check=False)


def check(job):
    build, (arguments, folder, path), settings = job
    expanded = preprocess(arguments, folder)
    key = hashlib.sha256(settings + repr(arguments).encode() + expanded.stdout).hexdigest()
    clean = build / "tidy" / key
    if expanded.returncode == 0 and clean.exists():
        return path, ""
    result = subprocess.run([TIDY, "--quiet", f"-p={build}", str(path)], cwd=ROOT,
                            capture_output=True, text=True, check=False)
    if result.returncode == 0:
        clean.touch()
        return path, ""
    return path, result.stdout + result.stderr


def main():
    arguments = [a for a in sys.argv[1:] if a != "--all"]
    build = pathlib.Path(arguments[0]).resolve()
    (build / "tidy").mkdir(exist_ok=True)
    settings = (ROOT / ".clang-tidy").read_bytes()
    jobs = [(build, command, settings) for command in commands(build, "--all" in sys.argv)]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for done, (path, message) in enumerate(pool.map(check, jobs), 1):
            if message:
                failed += 1
                print(message, flush=True)
            if done % 20 == 0 or message:
                print(f"clang-tidy: {done}/{len(jobs)} {path.relative_to(ROOT)}", flush=True)
    print(f"clang-tidy: {len(jobs)} files, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
