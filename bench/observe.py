#!/usr/bin/env python3
"""What seeing inside costs: CPU time a request of forerun without an access
log, with one in JSON and in combined, and of another binary (--baseline, one from
before), in turn, in the same run, on the same machine.

    bench/observe.py [--hits] [--baseline FILE] [--binary build/forerun] [--rounds 5] [--requests N]

Loads, origin and measuring as in bench/proxy.py: 1 KiB, one worker on core 1 with
the log's writer, everything else on core 0. All threads of the server are
charged, its writer among them. The log goes to a file in the temporary folder."""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy


class Bench(proxy.Bench):
    def __init__(self, folder, binary, hits, baseline):
        super().__init__(folder, binary, hits)
        self.old = baseline

    def without(self, origin, port, tls):
        return self.forerun(origin, port, tls)

    def baseline(self, origin, port, tls):
        return [os.path.abspath(self.old), *self.forerun(origin, port, tls)[1:]]

    def json(self, origin, port, tls):
        return [*self.forerun(origin, port, tls), "--access-log", self.fresh()]

    def combined(self, origin, port, tls):
        listen = f"{{address: \"127.0.0.1:{port}\", tls: {'true' if tls else 'false'}}}"
        return [self.binary, "serve", "--log-level", "warn", "--config", proxy.write(self.at("edge.yaml"), f"""
listen: [{listen}]
workers: 1
tls: {{certificate: {self.at('cert.pem')}, key: {self.at('key.pem')}}}
access_log: {{file: {self.fresh()}, format: combined}}
sites: [{{hosts: ["*"], origin: {{url: "http://127.0.0.1:{origin}"}}, cache: {{enabled: {'true' if self.hits else 'false'}}}}}]
""")]

    def fresh(self):
        path = self.at("access.log")
        if os.path.exists(path):
            os.unlink(path)
        return path


def report(results, names):
    print("| load | | CPU a request (median, spread) | requests a second | more CPU than the first |")
    print("| --- | --- | --- | --- | --- |")
    for label, *_ in proxy.LOADS:
        base = statistics.median(u for u, _ in results[(label, names[0])])
        for name in names:
            used = [u for u, _ in results[(label, name)]]
            m = statistics.median(used)
            rate = statistics.median(x for _, x in results[(label, name)])
            print(f"| {label} | {name} | {m:.2f} µs ({min(used):.2f}–{max(used):.2f}) | {rate:.0f} | {100 * (m / base - 1):+.1f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(proxy.ROOT, "build/forerun"))
    parser.add_argument("--baseline")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hits", action="store_true", help="serve from the cache")
    parser.add_argument("--requests", type=int)
    parser.add_argument("--loads", type=int, default=len(proxy.LOADS), help="only the first N")
    args = parser.parse_args()
    args.requests = args.requests or (400000 if args.hits else 60000)
    proxy.LOADS = proxy.LOADS[:args.loads]
    names = (["baseline"] if args.baseline else []) + ["without", "json", "combined"]
    commit = subprocess.run(["git", "-C", proxy.ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    print(f"commit {commit.strip()}; {platform.system()} {platform.release()}; {os.cpu_count()} cores; "
          f"{args.rounds} rounds of {args.requests} requests{' from the cache' if args.hits else ', proxied'}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, args.binary, args.hits, args.baseline)
        try:
            report(proxy.measure(bench, args, names, bench.origin()), names)
        finally:
            for p in list(bench.running):
                bench.stop(p)


main()
