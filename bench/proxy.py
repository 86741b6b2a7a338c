#!/usr/bin/env python3
"""1 KiB, proxied or from the cache: requests a second and CPU time a request of
forerun and its peers, in turn, in the same run, on the same machine.

    bench/proxy.py [--hits] [--binary build/forerun] [--rounds 5] [--requests N] [--only NAME,..]

Without --hits: proxied, nothing cached, beside nghttpx and HAProxy. With
--hits: served from the cache, beside nginx (proxy_cache), HAProxy's cache, and
h2o, which serves the file itself.

Each server has one thread on core 1; h2load and the origin (nginx, one worker)
share core 0. CPU time is what the kernel charged to the server's threads while
h2load ran, so neither the origin nor h2load counts. Needs nghttp2-client,
nghttp2-proxy, haproxy, h2o, nginx-light and openssl. Loopback only; every process
is ended by its id."""
import argparse
import glob
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
# streams at once on a connection, connections, TLS
LOADS = [("32 streams, TLS", 32, 4, True), ("1 stream, TLS", 1, 16, True),
         ("32 streams", 32, 4, False), ("1 stream", 1, 16, False)]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    for _ in range(500):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


class Bench:
    def __init__(self, folder, binary, hits):
        self.folder, self.binary, self.hits, self.running = folder, os.path.abspath(binary), hits, []
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-keyout", self.at("key.pem"), "-out",
                        self.at("cert.pem")], check=True, capture_output=True)
        with open(self.at("both.pem"), "w", encoding="ascii") as out:
            for part in ("cert.pem", "key.pem"):
                out.write(open(self.at(part), encoding="ascii").read())

    def at(self, name):
        return os.path.join(self.folder, name)

    def start(self, core, argv, port):
        log = open(self.at("log"), "ab")
        p = subprocess.Popen(["taskset", "-c", str(core), *argv], stdout=log, stderr=log, start_new_session=True)
        self.running.append(p)
        if not listens(port):
            sys.exit(f"{argv[0]} did not start:\n" + open(self.at("log"), encoding="utf-8", errors="replace").read())
        return p

    def stop(self, p):
        self.running.remove(p)
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()

    def origin(self):
        port = free_port()
        os.makedirs(self.at("www"), exist_ok=True)
        write(self.at("www/1k"), "x" * 1024)
        conf = write(self.at("nginx.conf"), f"""
            daemon off; master_process off; worker_processes 1; pid {self.at('nginx.pid')};
            error_log {self.at('nginx.err')};
            events {{ worker_connections 4096; }}
            http {{
                access_log off; open_file_cache max=10; keepalive_requests 1000000000;
                client_body_temp_path {self.at('t1')}; proxy_temp_path {self.at('t2')};
                fastcgi_temp_path {self.at('t3')}; uwsgi_temp_path {self.at('t4')}; scgi_temp_path {self.at('t5')};
                server {{ listen 127.0.0.1:{port}; root {self.at('www')}; add_header Cache-Control max-age=3600; }}
            }}""")
        self.start(0, ["nginx", "-p", self.folder, "-c", conf], port)
        return port

    def forerun(self, origin, port, tls):
        argv = [self.binary, "serve", "--listen" if tls else "--listen-plain", f"127.0.0.1:{port}", "--origin",
                f"http://127.0.0.1:{origin}", "--workers", "1", "--log-level", "warn"]
        argv += [] if self.hits else ["--no-cache"]
        return argv + (["--cert", self.at("cert.pem"), "--key", self.at("key.pem")] if tls else [])

    def nghttpx(self, origin, port, tls):
        argv = ["nghttpx", f"--frontend=127.0.0.1,{port}" + ("" if tls else ";no-tls"),
                f"--backend=127.0.0.1,{origin}", "--workers=1", "--single-process", "--no-ocsp", "--errorlog-file=/dev/null",
                "--accesslog-file=/dev/null", "--conf=/dev/null"]
        return argv + ([self.at("key.pem"), self.at("cert.pem")] if tls else [])

    def nginx(self, origin, port, tls):
        listen = f"listen 127.0.0.1:{port} {'ssl ' if tls else ''}http2;"
        conf = write(self.at("edge.conf"), f"""
            daemon off; master_process off; worker_processes 1; pid {self.at('edge.pid')};
            error_log {self.at('edge.err')};
            events {{ worker_connections 4096; }}
            http {{
                access_log off; keepalive_requests 1000000000; open_file_cache max=10;
                client_body_temp_path {self.at('e1')}; proxy_temp_path {self.at('e2')};
                fastcgi_temp_path {self.at('e3')}; uwsgi_temp_path {self.at('e4')}; scgi_temp_path {self.at('e5')};
                proxy_cache_path {self.at('cache')} keys_zone=c:10m;
                server {{ {listen} ssl_certificate {self.at('cert.pem')}; ssl_certificate_key {self.at('key.pem')};
                    location / {{ proxy_pass http://127.0.0.1:{origin}; proxy_cache c; }} }}
            }}""")
        return ["nginx", "-p", self.folder, "-c", conf]

    def h2o(self, _origin, port, tls):
        ssl = f"\n  ssl: {{certificate-file: {self.at('cert.pem')}, key-file: {self.at('key.pem')}}}" if tls else ""
        return ["h2o", "-m", "worker", "-c", write(self.at("h2o.conf"), f"""
num-threads: 1
user: root
listen:
  host: 127.0.0.1
  port: {port}{ssl}
hosts:
  default:
    paths:
      /:
        file.dir: {self.at('www')}
""")]

    def haproxy(self, origin, port, tls):
        cache = """
    http-request cache-use c
    http-response cache-store c""" if self.hits else ""
        bind = f"ssl crt {self.at('both.pem')} alpn h2,http/1.1" if tls else "proto h2"
        conf = write(self.at("haproxy.cfg"), f"""
global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option forwardfor
    http-reuse always
frontend f
    bind 127.0.0.1:{port} {bind}
    default_backend b
cache c
    total-max-size 64
backend b{cache}
    server s 127.0.0.1:{origin}
""")
        return ["haproxy", "-db", "-q", "-f", conf]


def cpu_ns(group):
    """What the kernel charged to all threads of the process group so far."""
    total = 0
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            fields = open(stat, encoding="ascii").read().rsplit(")", 1)[1].split()
            if int(fields[2]) != group:
                continue
            for task in glob.glob(os.path.dirname(stat) + "/task/*/schedstat"):
                total += int(open(task, encoding="ascii").read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total


def h2load(port, requests, streams, connections, tls):
    out = subprocess.run(["taskset", "-c", "0", "h2load", "-n", str(requests), "-c", str(connections), "-m",
                          str(streams), f"http{'s' if tls else ''}://127.0.0.1:{port}/1k"],
                         capture_output=True, text=True, timeout=600).stdout
    ok = re.search(r"(\d+) succeeded, (\d+) failed", out)
    if not ok or int(ok.group(1)) != requests or f"{requests} 2xx" not in out:
        sys.exit("h2load had failures:\n" + out)
    return float(re.search(r"finished in .*?, ([\d.]+) req/s", out).group(1))


def version(argv):
    out = subprocess.run(argv, capture_output=True, text=True)
    return (out.stdout or out.stderr).split("\n")[0].strip()


def measure(bench, args, names, origin):
    results = {}
    for r in range(args.rounds):
        for label, streams, connections, tls in LOADS:
            for name in names:
                port = free_port()
                p = bench.start(1, getattr(bench, name)(origin, port, tls), port)
                h2load(port, args.requests // 10, streams, connections, tls)  # warm up
                before = cpu_ns(p.pid)
                rate = h2load(port, args.requests, streams, connections, tls)
                used = (cpu_ns(p.pid) - before) / 1000 / args.requests
                results.setdefault((label, name), []).append((used, rate))
                bench.stop(p)
        print(f"round {r + 1} of {args.rounds} done", file=sys.stderr)
    return results


def report(results, names):
    print("| load | server | CPU a request (median, spread) | requests a second | CPU against forerun |")
    print("| --- | --- | --- | --- | --- |")
    for label, *_ in LOADS:
        base = statistics.median(u for u, _ in results[(label, names[0])])
        for name in names:
            used = [u for u, _ in results[(label, name)]]
            rate = statistics.median(x for _, x in results[(label, name)])
            m = statistics.median(used)
            print(f"| {label} | {name} | {m:.1f} µs ({min(used):.1f}–{max(used):.1f}) | {rate:.0f} | {m / base:.2f} × |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build/forerun"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hits", action="store_true", help="serve from the cache")
    parser.add_argument("--requests", type=int)
    parser.add_argument("--only")
    args = parser.parse_args()
    args.requests = args.requests or (400000 if args.hits else 60000)
    names = (args.only or ("forerun,nginx,haproxy,h2o" if args.hits else "forerun,nghttpx,haproxy")).split(",")
    for tool in ["h2load", "nginx", "openssl", "taskset", *(n for n in names if n != "forerun")]:
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: apt-get install nghttp2-client nghttp2-proxy haproxy h2o nginx-light openssl")
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    print(f"commit {commit.strip()}; {platform.system()} {platform.release()}; {os.cpu_count()} cores; "
          f"{args.rounds} rounds of {args.requests} requests")
    peers = {"nghttpx": ["nghttpx", "--version"], "haproxy": ["haproxy", "-v"], "nginx": ["nginx", "-v"], "h2o": ["h2o", "-v"]}
    for argv in ([args.binary, "version"], *(peers[n] for n in names if n in peers)):
        print(version(argv))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, args.binary, args.hits)
        try:
            report(measure(bench, args, names, bench.origin()), names)
        finally:
            for p in list(bench.running):
                bench.stop(p)


if __name__ == "__main__":
    main()
