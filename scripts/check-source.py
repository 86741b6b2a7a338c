#!/usr/bin/env python3
"""Rules of the source that no compiler checks: direction of includes, budgets
of files and functions, banned calls, headers that compile alone, words that
must not be there. Prints every violation; exits 1 if there is any."""
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
os.chdir(ROOT)
# Lower layers may not include higher ones; cache, hints and h2 not one another.
LAYERS = {
    "base": 0, "http": 1, "config": 2, "h2": 2, "hints": 2, "cache": 2,
    "observe": 3, "net": 3, "origin": 4, "exchange": 5, "stages": 5, "client": 5,
    "learned": 5, "server": 5, "command": 6, "cli": 7,
    # beside exchange and what is above it; only the commands start a server
    "lab/network": 4.1, "lab/measurement": 4.2, "lab/model": 4.3, "lab/browser": 4.3,
    "lab/replay": 4.4, "lab/report": 4.5, "lab/profile": 7, "lab/advise": 8, "lab/demo": 8,
}
APART = {"cache", "hints", "h2", "config"}
EDGE = ("exchange", "stages", "client", "learned", "server")
MAY_INCLUDE_LATERALLY = {*((a, b) for a in EDGE for b in EDGE)}
FILE_BUDGET, FILE_HARD = 600, 1000
FUNCTION_HARD = 80
BANNED = ["sprintf", "vsprintf", "strcpy", "strcat", "atoi", "alloca", "strtok"]
LIBRARIES = {
    "nghttp2/": ["src/h2/", "lab/model/h2_client.c", "bench/", "tests/unit/"],
    "openssl/": ["src/net/tls", "src/net/local_ca.c"],
}
problems = []


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
                         capture_output=True, text=True, check=True).stdout.split("\n")
    return [f for f in out if f and os.path.exists(f)]


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def layer(path):
    parts = path.split("/")
    if parts[0] == "lab":
        return "/".join(parts[:2])
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def may_include(mine, theirs):
    if mine is None or theirs not in LAYERS or theirs == mine:
        return True
    if theirs.startswith("lab/") and not mine.startswith("lab/"):
        return False  # nothing of lab is linked into the server
    if mine.startswith("lab/") and theirs == "cli":
        return False
    if theirs in APART and mine in APART:
        return False
    return LAYERS[theirs] < LAYERS[mine] or (mine, theirs) in MAY_INCLUDE_LATERALLY


def check_includes(path, lines):
    mine = layer(path)
    for n, line in enumerate(lines, 1):
        m = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
        if not m:
            continue
        target = m.group(1)
        for lib, allowed in LIBRARIES.items():
            if target.startswith(lib) and not any(path.startswith(a) for a in allowed):
                problem(path, n, f"{lib} may only be included in {', '.join(allowed)}")
        theirs = layer(target if target.startswith("lab/") else "src/" + target)
        if not may_include(mine, theirs):
            problem(path, n, f"{mine} may not include {theirs}")


def check_functions(path, lines):
    start = None
    for n, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = n
        elif line.startswith("}") and start:
            if n - start - 1 > FUNCTION_HARD:
                problem(path, start, f"function of {n - start - 1} lines (at most {FUNCTION_HARD})")
            start = None


def check_words(path, lines):
    for n, line in enumerate(lines, 1):
        code = re.sub(r'"(\\.|[^"\\])*"', '""', line)
        for word in BANNED:
            if re.search(rf"\b{word}\s*\(", code):
                problem(path, n, f"{word} is banned")
        if re.search(r"\b(TODO|FIXME|XXX)\b(?!.*#\d+)", line):
            problem(path, n, "a TODO needs the number of an issue")
        if re.search(r"\b(up|down)stream\b", line, re.I):
            problem(path, n, "say client side or origin side")


def check_headers(headers):
    for h in headers:
        r = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Isrc", "-I.", "-Wall", "-Wextra", "-Werror",
                            "-Wno-unused-function", "-fsyntax-only", "-x", "c", "-include", h, "/dev/null"],
                           capture_output=True, text=True)
        if r.returncode:
            problem(h, 1, "does not compile alone: " + r.stderr.strip().split("\n")[0])


def check_paths(files):
    machine = re.compile(r"/(work|root|farm|home)/\w")
    for path in files:
        try:
            lines = open(path, encoding="utf-8").read().split("\n")
        except UnicodeDecodeError:
            continue
        for n, line in enumerate(lines, 1):
            if machine.search(line) and path != "scripts/check-source.py":
                problem(path, n, "a path of one machine")


def check_web(files):
    for path in files:
        if path.endswith((".html", ".css", ".js")):
            for n, line in enumerate(open(path, encoding="utf-8"), 1):
                if re.search(r"(src|href|url)\s*[=(]\s*[\"']?https?://", line):
                    problem(path, n, "pages make no outside requests")


sources = tracked("src/*.c", "src/*.h", "lab/*.c", "lab/*.h")
for path in sources + tracked("tests/unit/*.c", "tests/fuzz/*.c"):
    lines = open(path, encoding="utf-8").read().split("\n")
    if len(lines) > FILE_HARD:
        problem(path, 1, f"{len(lines)} lines (at most {FILE_HARD})")
    elif len(lines) > FILE_BUDGET:
        print(f"note: {path} has {len(lines)} lines (budget {FILE_BUDGET})")
    check_includes(path, lines)
    check_functions(path, lines)
    check_words(path, lines)
check_headers([h for h in sources if h.endswith(".h")])
check_paths(tracked())
check_web(tracked("web/"))
for p in problems:
    print(p)
print(f"{len(sources)} source files, {len(problems)} problems")
sys.exit(1 if problems else 0)
