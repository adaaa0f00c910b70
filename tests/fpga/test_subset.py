"""Rejects in the FPGA kernels what Vitis HLS cannot synthesize or OpenCL C does not know."""

import re

import pytest

# Files that describe kernels to the host rather than being synthesized.
HOST_ONLY = {"cost.h", "fifo.h", "table.h"}

FORBIDDEN = [
    (r"\b(new|delete|malloc|calloc|realloc|free|alloca)\b", "dynamic memory"),
    (r"\bstd\s*::|#\s*include\s*<(?!(math|hls_stream|ap_axi_sdata)\.h>)", "the standard library"),
    (r"\b(class|template|virtual|namespace|try|throw|typeid|dynamic_cast|auto)\b", "C++"),
    (r"\b(while|do|goto)\b", "a loop whose bound cannot be seen"),
    (r"for\s*\([^;]*;\s*;", "a loop without a bound"),
    (r"\*\s*(const\s*)?\*", "a pointer to a pointer"),
    (r"\(\s*\*\s*\w+\s*\)\s*\(", "a pointer to a function"),
    (r"\b(double|long|size_t)\b", "a type that costs too much or differs between compilers"),
]
FUNCTION = re.compile(r"^(?:FPGA_FUNCTION|extern \"C\")[^;{]*?\b(\w+)\s*\([^{;]*\)\s*\{", re.M)


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def functions(text):
    """Each function's name and body."""
    found = {}
    for match in FUNCTION.finditer(text):
        depth, at = 1, match.end()
        while depth and at < len(text):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        found[match.group(1)] = text[match.end():at]
    return found


def recursive(bodies):
    """Functions that reach themselves."""
    calls = {name: {other for other in bodies if re.search(rf"\b{other}\s*\(", body)}
             for name, body in bodies.items()}
    found = []
    for start in calls:
        seen, work = set(), list(calls[start])
        while work:
            name = work.pop()
            if name not in seen:
                seen.add(name)
                work.extend(calls[name])
        if start in seen:
            found.append(start)
    return found


def violations(name, text):
    text = without_comments(text)
    wrong = [f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {why}: {match.group(0)}"
             for pattern, why in FORBIDDEN for match in re.finditer(pattern, text)]
    return wrong + [f"{name}: {each} calls itself" for each in recursive(functions(text))]


def sources(source_dir):
    folder = source_dir / "kernels" / "fpga"
    bodies = [path for path in folder.glob("*.h") if path.name not in HOST_ONLY]
    return bodies, sorted(folder.glob("hls/*.cc"))


def test_kernels_keep_to_the_subset(source_dir):
    bodies, wrappers = sources(source_dir)
    assert len(bodies) > 8 and len(wrappers) > 5
    everything = ""
    wrong = []
    for path in bodies + wrappers:
        text = path.read_text()
        everything += without_comments(text)
        wrong += violations(path.relative_to(source_dir).as_posix(), text)
    assert not wrong, "\n".join(wrong)
    assert not recursive(functions(everything))


def test_every_kernel_states_what_it_costs(source_dir):
    for wrapper in sources(source_dir)[1]:
        text = (wrapper.parent.parent / f"{wrapper.stem}.h").read_text()
        for word in ("Interface:", "II:", "On chip:", "DSP:"):
            assert word in re.sub(r"\n//\s*", " ", text), f"{wrapper.stem}.h does not state {word}"
        interface = wrapper.read_text()
        for argument in re.findall(r"[*\s](\w+)[,)]", interface.split("{")[0]):
            assert f"port = {argument} " in interface + " " or f"port = {argument}\n" in interface


def test_the_link_configuration_joins_what_the_kernels_table_joins(source_dir, build_dir):
    folder = source_dir / "kernels" / "fpga"
    link = (build_dir / "kernels" / "fpga" / "vitis" / "link.cfg").read_text().splitlines()
    depth = re.search(r"FPGA_STREAM_DEPTH (\d+)", (folder / "tiles.h").read_text()).group(1)
    table = re.findall(r'\{"(\w+)\.(\w+)", "(\w+)\.(\w+)"\}', (folder / "table.cc").read_text())
    assert len(table) == 2
    expected = [f"stream_connect={a}_1.{out}:{b}_1.{into}:{depth}" for a, out, b, into in table]
    assert [line for line in link if line.startswith("stream_connect=")] == expected
    # Every port of every kernel has its place.
    for wrapper in sources(source_dir)[1]:
        for kind, port in re.findall(r"INTERFACE (m_axi|axis) port = (\w+)", wrapper.read_text()):
            end = f"oarlock_{wrapper.stem}_1.{port}"
            assert any(re.search(rf"[=:]{re.escape(end)}(:|$)", line) for line in link), end
            assert (kind == "m_axi") == (f"sp={end}:" in "\n".join(link))


@pytest.mark.parametrize("text, why", [
    ("FPGA_FUNCTION void f() { float* a = malloc(4); }", "dynamic memory"),
    ("FPGA_FUNCTION void f() { int i = 0; while (i) ++i; }", "bound"),
    ("FPGA_FUNCTION void f() { for (int i = 0;; ++i) {} }", "without a bound"),
    ("FPGA_FUNCTION int f(int n) { return n ? f(n - 1) : 0; }", "calls itself"),
    ("FPGA_FUNCTION void f(float** a) {}", "pointer to a pointer"),
    ("FPGA_FUNCTION void f() { std::vector<int> v; }", "standard library"),
    ("struct S { virtual void f(); };", "C++"),
    ("FPGA_FUNCTION int f(int n) { return g(n); }\nFPGA_FUNCTION int g(int n) { return f(n); }",
     "calls itself"),
])
def test_finds(text, why):
    assert any(why in each for each in violations("x.h", text))
