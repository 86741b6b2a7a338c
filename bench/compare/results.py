"""The results: one JSON file to which pieces of a run are added, and medians of its samples."""
import json
import os
import statistics

from . import machine


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def save(path, data):
    text = json.dumps(data, indent=1, ensure_ascii=False)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text + "\n")
    os.replace(path + ".new", path)


def open_results(path, commit, versions):
    """What is in `path` already, if it is of the same commit, machine and versions; pieces of different ones never mix."""
    fresh = {"commit": commit, "machine": machine.describe(), "versions": versions, "pieces": [], "skipped": [], "samples": {}}
    if not path or not os.path.exists(path):
        return fresh
    old = load(path)
    differ = [k for k in ("commit", "machine") if old[k] != fresh[k]]
    differ += [n for n, v in versions.items() if old["versions"].get(n, v) != v]
    if differ:
        raise SystemExit(f"{path} is of another {', '.join(differ)}: name another file with --out, or delete it")
    old["versions"].update(versions)
    return old


def add(data, case, server, sample):
    data["samples"].setdefault(case, {}).setdefault(server, []).append(sample)


def forget(data, chosen, names):
    """Drops the samples of these cases and servers."""
    for case in chosen:
        for name in names:
            data["samples"].get(case, {}).pop(name, None)


METRIC = {"coded": "cpu_us", "coded-hit": "times", "requests": "cpu_us", "pages": "cpu_us", "handshakes": "cpu_us", "idle": "kib", "latency": "p99", "headers": "bytes",
          "scaling": "times"}
MORE_IS_BETTER = {"scaling"}


def summary(samples, metric):
    """(median, min, max, count) of the samples; None if there is none, or if any failed: who answers wrong wins nothing."""
    values = [s[metric] for s in samples if metric in s]
    if not values or any("error" in s for s in samples):
        return None
    return statistics.median(values), min(values), max(values), len(values)


def failure(samples):
    return next((s["error"] for s in samples if "error" in s), None)


def of(data, case):
    """Server -> summary of the case's figure, of those that did not fail; the best first."""
    metric = METRIC[case.kind]
    found = {n: summary(s, metric) for n, s in data["samples"].get(case.name, {}).items()}
    found = {n: s for n, s in found.items() if s}
    return dict(sorted(found.items(), key=lambda i: i[1][0], reverse=case.kind in MORE_IS_BETTER))


def paired(data, case, ours, theirs):
    """How much of `theirs` figure `ours` is: the median over the rounds that both were in, since the machine's own speed changes
    from one round to the next. None without such rounds."""
    metric = METRIC[case.kind]
    by_round = [{s["round"]: s[metric] for s in data["samples"].get(case.name, {}).get(n, []) if metric in s} for n in (ours, theirs)]
    ratios = [by_round[0][r] / by_round[1][r] for r in by_round[0] if r in by_round[1]]
    if ratios:
        return statistics.median(ratios)
    both = of(data, case)
    return both[ours][0] / both[theirs][0] if ours in both and theirs in both else None


def verdict(data, case):
    """(best peer, our figure as a part of its, whether the target is met or None); None when there is nothing to compare."""
    found = of(data, case)
    peers = [case.rival] if case.rival in found else [n for n in found if not n.startswith("forerun")]
    if "forerun" not in found or not peers:
        return None
    ratios = [(paired(data, case, "forerun", n), n) for n in peers]
    ratio, best = min(ratios) if case.kind in MORE_IS_BETTER else max(ratios)
    if case.target is None:
        return best, ratio, None
    return best, ratio, found["forerun"][0] >= case.target if case.kind in MORE_IS_BETTER else ratio <= case.target
