#!/usr/bin/env python3
"""What seeing inside costs: CPU time a request of forerun without an access
log, with one in JSON and in combined, and of another binary (--baseline, one from
before), in turn, in the same run, on the same machine.

    bench/observe.py [--hits] [--baseline FILE] [--binary build/forerun] [--rounds 5] [--seconds 1]

Loads, origin and measuring are those of bench/compare: 1 KiB over TLS, one worker
on core 1 with the log's writer, everything else on core 0. All threads of the server
are charged, its writer among them. The log goes to a file in the temporary folder."""
import argparse
import os
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compare import cases, machine, measure  # noqa: E402
from compare.servers import SERVERS  # noqa: E402

LOADS = ["32 streams", "1 stream"]


def add_variants(baseline):
    """The kinds of forerun that are compared, as servers of their own; returns their names."""
    ours = SERVERS["forerun"]
    if baseline:
        SERVERS["baseline"] = {**ours, "argv": [os.path.abspath(baseline), *ours["argv"][1:]]}
    SERVERS["without"] = ours
    for form in ("json", "combined"):
        SERVERS[form] = {**ours, "append": f"access_log: {{file: {{{{folder}}}}/access.log, format: {form}}}\n"}
    return (["baseline"] if baseline else []) + ["without", "json", "combined"]


def report(samples, names):
    print("| load | | CPU a request (median, spread) | requests a second | more CPU than the first |")
    print("| --- | --- | --- | --- | --- |")
    for load in LOADS:
        base = statistics.median(s["cpu_us"] for s in samples[load, names[0]])
        for name in names:
            used = [s["cpu_us"] for s in samples[load, name]]
            m = statistics.median(used)
            rate = statistics.median(s["rate"] for s in samples[load, name])
            print(f"| {load} | {name} | {m:.2f} µs ({min(used):.2f}–{max(used):.2f}) | {rate:.0f} | {100 * (m / base - 1):+.1f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(machine.ROOT, "build/forerun"))
    parser.add_argument("--baseline")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of each sample")
    parser.add_argument("--hits", action="store_true", help="serve from the cache")
    args = parser.parse_args()
    machine.own_network()
    names, samples = add_variants(args.baseline), {}
    part = "cached" if args.hits else "proxied"
    print(f"commit {machine.commit_of(os.path.abspath(args.binary))}; {machine.describe()}; {args.rounds} rounds of {args.seconds} s, {part}")
    with tempfile.TemporaryDirectory() as folder:
        setup = measure.Setup(folder, os.path.abspath(args.binary))
        try:
            for _ in range(args.rounds):
                for load in LOADS:
                    case = cases.BY_NAME[f"{part}-1k-s{load.split()[0]}"]
                    for name in names:
                        sample = measure.sample(setup, name, case, args.seconds)
                        if "error" in sample:
                            sys.exit(f"{name}: {sample['error']}")
                        samples.setdefault((load, name), []).append(sample)
        finally:
            setup.close()
    report(samples, names)


main()
