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


METRIC = {"requests": "cpu_us", "pages": "cpu_us", "handshakes": "cpu_us", "idle": "kib", "latency": "p99", "headers": "bytes",
          "scaling": "times"}


def summary(samples, metric):
    """(median, min, max, count) of the samples that did not fail; None when the last one failed or there is none."""
    values = [s[metric] for s in samples if metric in s]
    if not values or "error" in samples[-1]:
        return None
    return statistics.median(values), min(values), max(values), len(values)
