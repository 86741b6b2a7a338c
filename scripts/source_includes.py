"""Does a file include the headers of what it names? Functions, constants and macros of the
project (fr_, FR_) count; a struct whose pointer is only handed on needs no header. A file's own
header, and what parts of a module share (_priv.h), bring what they include."""
import re

import source_names

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
# Words of the language here, which every header brings.
EVERYWHERE = {"base/err.h", "base/str.h"}
WORD = re.compile(r"\b(?:fr|FR)_\w+")


def header_of(path):
    return path[4:] if path.startswith("src/") else path


def declared(text):
    """What a header declares or defines, and the prefixes of constants that it makes of rows."""
    code = source_names.split(text)[0]
    names = set(re.findall(r"^#define (FR_\w+)", code, re.M))
    prefixes = set(re.findall(r"^#define X\([^)]*\).*?\b(FR_\w+_)##", code, re.M))
    code = re.sub(r"^#.*(?:\\\n.*)*", "", code, flags=re.M)
    for body in re.findall(r"\benum(?: \w+)? \{(.*?)\}", code, re.S):
        names.update(re.findall(r"\bFR_\w+", body))
    names.update(re.findall(r"^(?!\s|typedef)[a-z][\w *]*?\b(fr_\w+)\(", code, re.M))
    return names, prefixes


def check(sources, problem):
    home, rows, includes = {}, {}, {}
    for path, text in sources.items():
        includes[path] = set(INCLUDE.findall(text))
        if path.endswith(".h"):
            names, prefixes = declared(text)
            for name in names:
                home.setdefault(name, set()).add(header_of(path))
            for prefix in prefixes:
                rows.setdefault(prefix, set()).add(header_of(path))
    by_header = {header_of(p): p for p in sources if p.endswith(".h")}
    for path, text in sources.items():
        if not path.endswith(".c"):
            continue
        own = header_of(path)[:-2] + ".h"
        has = set(includes[path]) | EVERYWHERE
        brought = [h for h in has if h == own or h.endswith("_priv.h")]
        while brought:
            h = brought.pop()
            more = includes.get(by_header.get(h), set()) - has
            has |= more
            brought += more
        missing = {}
        for word in set(WORD.findall(source_names.split(text)[0])):
            homes = home.get(word) or next(
                (rows[word[:i]] for i in range(len(word), 3, -1) if word[:i] in rows), None)
            if homes and not homes & has and not any(h == own for h in homes):
                missing.setdefault(min(homes), []).append(word)
        for header, words in sorted(missing.items()):
            problem(path, 1, f"names {', '.join(sorted(words)[:3])} and does not include {header}")
