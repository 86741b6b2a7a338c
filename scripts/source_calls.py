"""Who calls whom: circles of files, counted by the symbols of a build's object files."""
import os
import subprocess


def objects(build):
    """Object files of a build folder whose source is still there, by source."""
    found = {}
    for folder, _, names in os.walk(build):
        for name in names:
            path = os.path.join(folder, name)
            source = path.split(".dir/")[-1][:-2]
            if not name.endswith(".c.o") or not source.startswith(("src/", "lab/")) or not os.path.exists(source):
                continue
            # of several, which a build before a change of libraries left behind, the newest
            if source not in found or os.path.getmtime(path) > os.path.getmtime(found[source]):
                found[source] = path
    return found


def calls(build):
    """For each source the others whose functions it names: {file: {callee: {function}}}."""
    found = objects(build)
    source_of = {path: source for source, path in found.items()}
    defined, wanted = {}, {source: set() for source in found}
    out = subprocess.run(["nm", "-A", *source_of], capture_output=True, text=True).stdout
    for line in out.splitlines():
        path, _, rest = line.partition(":")
        words = rest.split()
        if len(words) == 3 and words[1] == "T":
            defined[words[2]] = source_of[path]
        elif len(words) == 2 and words[0] == "U":
            wanted[source_of[path]].add(words[1])
    graph = {source: {} for source in found}
    for source, names in wanted.items():
        for name in names:
            callee = defined.get(name)
            if callee and callee != source:
                graph[source].setdefault(callee, set()).add(name)
    return graph


def circles(graph):
    """Sets of files of which each reaches each other (Tarjan's algorithm), the largest first."""
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in graph[v]:
            if w not in index:
                visit(w)
            if w in stack:
                low[v] = min(low[v], low[w])
        if low[v] == index[v]:
            at = stack.index(v)
            found.append(set(stack[at:]))
            del stack[at:]

    for v in graph:
        if v not in index:
            visit(v)
    return sorted(found, key=len, reverse=True)


def describe(graph, circle):
    """The calls that hold a circle together, one a line."""
    return [f"    {a} -> {b}: {' '.join(sorted(graph[a][b]))}"
            for a in sorted(circle) for b in sorted(graph[a]) if b in circle]
