"""Runs the examples of the documents: fenced blocks whose info string is "sh test", "python test",
"cpp test" or "c test", in a scratch copy of the repository's top folder (links), so that relative
paths work and nothing is left behind. All blocks of one file share the scratch folder, in order.

A "text" block directly after an example is its expected output; "..." in it stands for anything.
"""

import os
import pathlib
import re
import subprocess
import sys

import pytest

SOURCE_DIR = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(
    path.relative_to(SOURCE_DIR).as_posix() for path in (SOURCE_DIR / "docs").glob("*.md"))]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```\s*$", re.M | re.S)


def examples(text):
    """(language, code, expected output or None, line) of each block marked "test"."""
    blocks = [(m.group(1).split(), m.group(2), m.start(), m.end()) for m in FENCE.finditer(text)]
    for i, (info, code, start, end) in enumerate(blocks):
        if info[1:] != ["test"]:
            continue
        expected = None
        if i + 1 < len(blocks) and blocks[i + 1][0] == ["text"] and \
                not text[end:blocks[i + 1][2]].strip():
            expected = blocks[i + 1][1]
        yield info[0], code, expected, text.count("\n", 0, start) + 1


def matches(expected, output):
    def lines(text):
        return "\n".join(line.rstrip() for line in text.strip().splitlines())
    pattern = re.escape(lines(expected)).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, lines(output), re.S) is not None


def prefix_flags(build_dir, scratch):
    prefix = scratch / "prefix"
    if not prefix.exists():
        subprocess.run(["cmake", "--install", build_dir, "--prefix", prefix], check=True,
                       capture_output=True)
    folder = next(prefix.rglob("oarlock.pc")).parent
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "oarlock"], check=True, text=True,
                           env={**os.environ, "PKG_CONFIG_PATH": str(folder)},
                           capture_output=True).stdout.split()
    return [*flags, f"-Wl,-rpath,{folder.parent}"]


def command_line(language, code, build_dir, scratch, compiled):
    if language == "sh":
        return ["sh", "-eu", "-c", code]
    if language == "python":
        return [sys.executable, "-c", code]
    source = compiled / f"example.{language}"
    source.write_text(code)
    compiler = {"cpp": ["c++", "-std=c++20"], "c": ["cc", "-std=c11"]}[language]
    subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", source, "-o", compiled / "example",
                    *prefix_flags(build_dir, scratch), "-lm"], check=True)
    return [compiled / "example"]


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if (SOURCE_DIR / d).exists()])
def test_examples(document, build_dir, tmp_path):
    scratch = tmp_path / "repository"
    scratch.mkdir()
    for entry in SOURCE_DIR.iterdir():
        if entry.name not in ("build", ".git"):
            (scratch / entry.name).symlink_to(entry)
    environment = {
        **os.environ,
        "PATH": f"{build_dir / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(build_dir / "python"),
    }
    found = list(examples((SOURCE_DIR / document).read_text()))
    if not found:
        pytest.skip(f"{document} has no example to run")
    for i, (language, code, expected, line) in enumerate(found):
        compiled = tmp_path / str(i)
        compiled.mkdir()
        result = subprocess.run(command_line(language, code, build_dir, scratch, compiled),
                                cwd=scratch, env=environment, capture_output=True, text=True,
                                timeout=900, check=False)
        where = f"{document}:{line}\n{code}"
        assert result.returncode == 0, f"{where}\n{result.stdout}{result.stderr}"
        if expected is not None:
            assert matches(expected, result.stdout), \
                f"{where}\nexpected:\n{expected}\nprinted:\n{result.stdout}"


def test_examples_are_found_and_compared():
    text = "a\n```sh test\necho 1\n```\n\n```text\n1\n```\n```sh\nfalse\n```\n```cpp test\nint x;\n```\n"
    assert list(examples(text)) == [("sh", "echo 1\n", "1\n", 2), ("cpp", "int x;\n", None, 12)]
    assert matches("digit ... of 10\n", "digit 3 of 10  \n")
    assert not matches("digit 3", "digit 4")
