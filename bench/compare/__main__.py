#!/usr/bin/env python3
"""Forerun beside nginx, h2o, nghttpx, HAProxy, Apache httpd, Caddy and Apache Traffic Server, in turn, in the same run, on
the same machine: CPU time a request (user and system, of the server's whole process tree) and requests a second.

    python3 bench/compare [--quick] [--cases A,B] [--only SERVER,..] [--rounds N] [--out FILE.json] [--binary FILE]

Each server has one worker on core 1; load generator and origin share core 0. Access logs are off everywhere, certificate
and cipher are the same. Peers that are not installed are skipped by name; --install installs them (Debian packages). With
--out a run can be done in pieces: samples are added to those already there. Loopback only; every process is ended by its id."""
import argparse
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from compare import cases, machine, measure, report, results, servers  # noqa: E402


def arguments():
    p = argparse.ArgumentParser(prog="bench/compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help="the cases that targets are for, one round, short (under two minutes)")
    p.add_argument("--cases", help="names or beginnings of names, with commas")
    p.add_argument("--only", help="servers, with commas")
    p.add_argument("--rounds", type=int, help="rounds through all servers, for each case (5; with --quick 1)")
    p.add_argument("--seconds", type=float, help="of each sample (0.5; with --quick 0.4)")
    p.add_argument("--out", help="JSON file to which the samples are added")
    p.add_argument("--binary", help="forerun to measure; without, this tree is built in build-bench")
    p.add_argument("--before", metavar="BINARY", help="an earlier build to measure in turns with this one; without --only, these two alone")
    p.add_argument("--install", action="store_true", help="install peers that are missing")
    p.add_argument("--again", action="store_true", help="forget what --out has of the chosen cases and servers")
    p.add_argument("--table", metavar="FILE.json", help="run nothing: show what is in this file")
    p.add_argument("--write", metavar="FILE.md", help="put tables and charts into this file, between its marks (docs/performance.md)")
    p.add_argument("--against", metavar="OLD.json", help="also compare Forerun with itself at another commit")
    p.add_argument("--build-client", action="store_true", help="only build build-bench/bench_client")
    p.add_argument("--list", action="store_true", help="list the cases")
    return p.parse_args()


def build(targets):
    """An optimised build of this tree: the server, the client. Returns the folder."""
    folder = os.path.join(machine.ROOT, "build-bench")
    configure = ["cmake", "-S", machine.ROOT, "-B", folder, "-G", "Ninja", "-DFR_LTO=ON", "-DBUILD_TESTING=OFF", "-DFR_BENCH=ON"]
    for argv in (configure, ["ninja", "-C", folder, *targets]):
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
    return folder


def run(setup, chosen, names, args, data):
    rounds, seconds = args.rounds or (1 if args.quick else 5), args.seconds or (0.4 if args.quick else 0.5)
    for case in chosen:
        able = [n for n in names if not measure.unable(case, servers.SERVERS[n])]
        for _ in range(case.rounds or rounds):
            this_round = int(time.time() * 1000)
            for name in able:
                sample = {**measure.sample(setup, name, case, seconds), "round": this_round}
                results.add(data, case.name, name, sample)
                if "error" in sample:
                    print(f"{case.name}: {name}: {sample['error']}", file=sys.stderr)
        if args.out:
            results.save(args.out, data)
        print(report.case_text(data, case), flush=True)


def finish(data, args):
    if args.against:
        print(report.against(results.load(args.against), data))
    if args.write:
        report.write(data, args.write)


def list_cases():
    for c in cases.CASES:
        print(f"{c.name:<16} {c.title}{' (quick)' if c.quick else ''}")


def main():
    args = arguments()
    if args.list:
        return list_cases()
    if args.table:
        data = results.load(args.table)
        print("\n".join(report.case_text(data, c) for c in cases.CASES if c.name in data["samples"]))
        return finish(data, args)
    if args.build_client:
        return build(["bench_client"])
    chosen = cases.choose(args.cases, args.quick)
    built = build(["bench_client", *([] if args.binary else ["forerun"])])
    binary = os.path.abspath(args.binary or os.path.join(built, "forerun"))
    if args.before:
        servers.add_before(os.path.abspath(args.before))
    names = args.only.split(",") if args.only else ["forerun", servers.BEFORE] if args.before else list(servers.SERVERS)
    if args.install:
        servers.install(names, binary)
    skipped = servers.missing(names, binary)
    names = [n for n in names if n not in skipped]
    for n in skipped:
        print(f"{n} is not installed: skipped (--install installs {servers.SERVERS[n].get('package')})", file=sys.stderr)
    machine.own_network()
    versions = {n: servers.version(n, binary) for n in names}
    data = results.open_results(args.out, machine.commit_of(binary), versions)
    if args.again:
        results.forget(data, [c.name for c in chosen], names)
    data["pieces"].append({"at": time.strftime("%Y-%m-%d %H:%M"), "cases": [c.name for c in chosen], "servers": names})
    print(f"commit {data['commit']}; {data['machine']}; " + ", ".join(f"{n} {v}" for n, v in versions.items()))
    with tempfile.TemporaryDirectory(prefix="forerun-compare-") as folder:
        setup = measure.Setup(folder, binary, os.path.join(built, "bench_client"))
        try:
            run(setup, chosen, names, args, data)
        finally:
            setup.close()
    finish(data, args)


main()
