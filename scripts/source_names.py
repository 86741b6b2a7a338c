"""Names in comments and documents: files and functions that they mention must exist."""
import re

# of other projects and of the system, of what is made at run time, or examples
FOREIGN = re.compile(r"(^|/)(nghttp2|uthash|utlist|zlib|jansson|cmocka|sqlite3|sdt|tcp|xxhash)\.h$"
                     r"|^(sys|linux|netinet|openssl|libxml|h2o|bin/varnishd)/|^/")
FILE = re.compile(r"(?<![\w/.*<{$-])([\w-]+(?:/[\w.-]+)*\.(?:c|h|mjs|py|sh|md))\b(?![\w*])")
FUNCTION = re.compile(r"\b(fr_[a-z0-9_]+[a-z0-9])\b(?![*_])")
SECTION = re.compile(r"\bdesign(?:\.md)?(?:,? section|:)? §?(\d+(?:\.\d+)*)")
DECLARATION = re.compile(r"^(?!static|typedef|#)[a-z][\w *]*?\b(fr_\w+)\(", re.M)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def split(text):
    """The code of a C file without comments, and its comments with their lines."""
    comments = [(text.count("\n", 0, m.start()) + 1, m.group()) for m in COMMENT.finditer(text)]
    return COMMENT.sub(" ", text), comments


def check(sources, documents, tracked, problem):
    """sources, documents: {path: text}."""
    code, prose = [], []
    for path, text in sources.items():
        bare, comments = split(text)
        code.append(bare)
        prose += [(path, n, c) for n, c in comments]
    prose += [(path, 1, text) for path, text in documents.items()]
    known = set(re.findall(r"\bfr_\w+", "\n".join(code)))
    ends = set()
    for path in tracked:
        parts = path.split("/")
        ends.update("/".join(parts[i:]) for i in range(len(parts)))
    sections = set(re.findall(r"^#+ (\d+(?:\.\d+)*)", documents.get("docs/design.md", ""), re.M))
    for path, line, text in prose:
        for n, row in enumerate(text.split("\n"), line):
            for name in FILE.findall(row):
                if name not in ends and not FOREIGN.search(name):
                    problem(path, n, f"there is no {name}")
            for name in FUNCTION.findall(row):
                if name not in known:
                    problem(path, n, f"there is no {name}")
            for number in SECTION.findall(row):
                if number not in sections:
                    problem(path, n, f"docs/design.md has no section {number}")


def dead(sources, others, problem):
    """Functions that a header declares, and nobody but their own file and header names."""
    words = re.compile(r"\bfr_\w+")
    count = {}  # name: {path: how often}
    for path, text in {**sources, **others}.items():
        for name in words.findall(split(text)[0]):
            at = count.setdefault(name, {})
            at[path] = at.get(path, 0) + 1
    for path, text in sources.items():
        if not path.endswith(".h"):
            continue
        for m in DECLARATION.finditer(split(text)[0]):
            uses = dict(count[m.group(1)])
            if uses.pop(path) > 1 or len(uses) > 1 or any(p in others for p in uses):
                continue
            what = "is used by its own file alone" if any(n > 1 for n in uses.values()) else "is dead"
            problem(path, text.count("\n", 0, text.index(m.group(1) + "(")) + 1, f"{m.group(1)} {what}")
