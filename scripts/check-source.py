#!/usr/bin/env python3
"""Rules of the source that no compiler checks: direction of includes and of calls, budgets
of files, functions and structs, banned calls, headers that compile alone, names in comments
and documents that do not exist, words that must not be there. Prints every violation; exits
1 if there is any.

    check-source.py [BUILD]   calls are counted by the object files of that build folder
                              (build-asan if it is there)"""
import os
import re
import subprocess
import sys

import source_calls
import source_includes
import source_names

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
os.chdir(ROOT)
# Lower layers may not include higher ones; layers of one number not one another, nor stages
# other stages.
LAYERS = {
    "base": 0, "http": 1, "config": 2, "h2": 2, "hints": 2, "cache": 2,
    "observe": 3, "net": 3, "origin": 4, "learned": 4, "exchange": 5, "stages": 5.5,
    "client": 5.5, "server": 5.9, "command": 6, "cli": 7,
    # beside exchange and what is above it; only the commands start a server
    "lab/network": 4.1, "lab/measurement": 4.2, "lab/model": 4.3, "lab/browser": 4.3,
    "lab/replay": 4.4, "lab/report": 4.5, "lab/profile": 7, "lab/advise": 8, "lab/demo": 8,
}
FILE_BUDGET, FILE_HARD = 600, 1000
FUNCTION_HARD = 80
BANNED = ["sprintf", "vsprintf", "strcpy", "strcat", "atoi", "alloca", "strtok"]
LIBRARIES = {
    "nghttp2/": ["src/h2/", "lab/model/h2_client.c", "bench/", "tests/unit/"],
    "openssl/": ["src/net/tls", "src/net/local_ca.c"],
}
# The most files that may call each other in a circle.
CIRCLE_MAX = 3
MEMBERS_MAX = 25
# The file that handles an exchange knows few others.
CORE, CORE_INCLUDES = "src/exchange/exchange.c", 6
MARKDOWN_MAX, SCRIPT_MAX = 100, 160
problems, notes = [], []


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
                         capture_output=True, text=True, check=True).stdout.split("\n")
    return [f for f in out if f and os.path.exists(f)]


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def note(path, line, text):
    notes.append((path, line, text))


def layer(path):
    parts = path.split("/")
    if parts[0] == "lab":
        return "/".join(parts[:2])
    if parts[:2] == ["src", "stages"]:
        return "/".join(parts[1:3])
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def level(of):
    return LAYERS.get("stages" if of and of.startswith("stages/") else of)


def may_include(mine, theirs):
    if mine is None or level(theirs) is None or theirs == mine:
        return True
    if theirs.startswith("lab/") and not mine.startswith("lab/"):
        return False  # nothing of lab is linked into the server
    if mine.startswith("lab/") and theirs == "cli":
        return False
    return level(theirs) < level(mine)


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


def check_circles(build):
    graph = source_calls.calls(build)
    if not graph:
        problem(build, 0, "no object files: build first")
    for circle in source_calls.circles(graph):
        size = len(circle)
        if size <= CIRCLE_MAX:
            continue
        problem(min(circle), 1, f"{size} files call each other in a circle (at most {CIRCLE_MAX}):\n"
                + "\n".join(source_calls.describe(graph, circle)))


def check_structs(path, text):
    """Public structs of many members have `members: reason` in the comment before or within."""
    for m in re.finditer(r"((?:/\*(?:[^*]|\*(?!/))*\*/\n)?)struct (\w+) \{(.*?)^\}", text, re.S | re.M):
        bare = re.sub(r"/\*.*?\*/", "", m.group(3), flags=re.S)
        while re.search(r"\{[^{}]*\}|\([^()]*\)", bare):  # one of its own, or parameters
            bare = re.sub(r"\{[^{}]*\}|\([^()]*\)", "", bare)
        members = sum(d.count(",") + 1 for d in bare.split(";") if d.strip())
        if members > MEMBERS_MAX and "members:" not in m.group(1) + m.group(3):
            line = text.count("\n", 0, m.start(2)) + 1
            problem(path, line, f"struct {m.group(2)} has {members} members (at most {MEMBERS_MAX}, "
                    "or a comment `members: reason`)")


def check_lines(paths, most, report):
    for path in paths:
        fenced = False
        for n, line in enumerate(open(path, encoding="utf-8"), 1):
            fenced ^= line.lstrip().startswith("```")
            if len(line.rstrip("\n")) > most and not fenced and not line.startswith("|"):
                report(path, n, f"{len(line) - 1} characters (at most {most})")


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

read = {f: open(f, encoding="utf-8").read() for f in sources}
others = {f: open(f, encoding="utf-8").read() for f in tracked("tests/*.c", "tests/*.h", "bench/*.c")}
documents = {f: open(f, encoding="utf-8").read() for f in tracked("*.md") if f != "CHANGELOG.md"}
source_names.check({**read, **others}, documents, tracked(), problem)
source_names.dead(read, others, problem)
source_includes.check(read, problem)
for path, text in read.items():
    if path.endswith(".h") and not path.endswith("_priv.h"):
        check_structs(path, text)
    if path == CORE and len(re.findall(r'^#include "', text, re.M)) > CORE_INCLUDES:
        problem(path, 1, f"includes over {CORE_INCLUDES} headers of the project")
    if path.endswith(".c") and not text.startswith("/*"):
        problem(path, 1, "opens without a sentence of what it does")
check_lines(tracked("*.md"), MARKDOWN_MAX, problem)
check_lines(tracked("*.mjs"), SCRIPT_MAX, note)
build = sys.argv[1] if len(sys.argv) > 1 else "build-asan"
if os.path.isdir(build):
    check_circles(build)
elif len(sys.argv) > 1:
    problem(build, 0, "no such folder")
else:
    print("note: circles of calls are not measured: there is no build")

VARIES = re.compile(r"\d+(?= char)|(?<=names ).*|(?<=there is no ).*")
for kind in sorted({VARIES.sub("...", text) for _, _, text in notes}):
    where = [f"{p}:{n}" for p, n, text in notes if VARIES.sub("...", text) == kind]
    print(f"note: {len(where)} times {kind}: {', '.join(where[:3])}{', ...' if len(where) > 3 else ''}")
for p in problems:
    print(p)
print(f"{len(sources)} source files, {len(problems)} problems")
sys.exit(1 if problems else 0)
