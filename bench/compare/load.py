"""The load generators, on their core: h2load for requests, our client (bench/client) for the rest. Each checks what it was
answered."""
import json
import os
import re
import subprocess

from . import machine
from .machine import Failure
from .site import SIZES

CIPHER, GROUP = "TLS_AES_128_GCM_SHA256", "X25519"
TLS = [f"--tls13-ciphers={CIPHER}", "--ciphers=ECDHE-ECDSA-AES128-GCM-SHA256", f"--groups={GROUP}"]


def h2load_argv(case, port, extra, core=machine.LOAD_CORE):
    return ["taskset", "-c", str(core), "h2load", *TLS, "-c", str(case.connections), "-m", str(case.streams),
            *(["--h1"] if case.h1 else []), *(["-H", f"accept-encoding: {case.accept}"] if case.accept else []), *extra, f"https://127.0.0.1:{port}{case.path}"]


def h2load(case, port, requests):
    """`requests` requests; returns how many a second. All must be 2xx, whole, and over the cipher that all are compared with."""
    argv = h2load_argv(case, port, ["-n", str(requests)])
    out = subprocess.run(argv, capture_output=True, text=True, timeout=120).stdout
    check_h2load(out, case, requests)
    return float(re.search(r"finished in .*?, ([\d.]+) req/s", out).group(1))


def h2load_coded(case, port, requests):
    """The same of bodies whose length the server chooses; returns requests a second, and the bytes of a body."""
    argv = h2load_argv(case, port, ["-n", str(requests)])
    out = subprocess.run(argv, capture_output=True, text=True, timeout=120).stdout
    check_h2load(out, case, requests, None)
    return float(re.search(r"finished in .*?, ([\d.]+) req/s", out).group(1)), data_bytes(out) / requests


def data_bytes(out):
    data = re.search(r"space savings [^)]*\), ([\d.]+\w+) \((\d+)\) data", out)
    return int(data.group(2)) if data else 0


def check_h2load(out, case, requests, size=-1):
    """size: of each body; -1: as its name says; None: any."""
    ok = re.search(r"(\d+) succeeded, (\d+) failed", out)
    if not ok or int(ok.group(1)) != requests or f"{requests} 2xx" not in out:
        raise Failure("wrong answers: " + " ".join(line for line in out.split("\n") if line.startswith(("requests:", "status codes:"))))
    if CIPHER not in out:
        raise Failure("another cipher: " + (re.search(r"Cipher: (\S+)", out) or ["", "none"])[1])
    if f"Application protocol: {'http/1.1' if case.h1 else 'h2'}" not in out:
        raise Failure("another protocol")
    size = SIZES[case.path.split("/")[-1]] if size == -1 else size
    if size is not None and data_bytes(out) != requests * size:
        raise Failure(f"bodies of {data_bytes(out) / requests:.1f} bytes instead of {size}")


def h2load_at_rate(case, port, per_second, seconds, folder):
    """`per_second` requests a second for so long; returns the latency of each, in µs, ascending."""
    log = os.path.join(folder, "latency.log")
    if os.path.exists(log):
        os.unlink(log)
    requests = int(per_second * seconds)
    extra = ["-n", str(requests), "--rps", f"{per_second / case.connections:.2f}", f"--log-file={log}"]
    out = subprocess.run(h2load_argv(case, port, extra), capture_output=True, text=True, timeout=120).stdout
    check_h2load(out, case, requests)
    with open(log, encoding="ascii") as f:
        return sorted(int(line.split("\t")[2]) for line in f)


def h2load_pairs(case, port, requests, cores):
    """One h2load on each core at once; returns requests a second of all."""
    running = [subprocess.Popen(h2load_argv(case, port, ["-n", str(requests)], core), stdout=subprocess.PIPE, text=True) for core in cores]
    rate = 0
    for p in running:
        out = p.communicate(timeout=120)[0]
        check_h2load(out, case, requests)
        rate += float(re.search(r"finished in .*?, ([\d.]+) req/s", out).group(1))
    return rate


def client_argv(client, port, mode, *arguments):
    return ["taskset", "-c", str(machine.LOAD_CORE), client, mode, "--port", str(port), *arguments]


def client_result(text):
    """The JSON that the client ends with; a wrong answer fails the case."""
    try:
        result = json.loads(text.strip().split("\n")[-1])
    except json.JSONDecodeError:
        raise Failure("the client failed: " + text[-200:]) from None
    if result["error"]:
        raise Failure(result["error"])
    if result["cipher"] != CIPHER:
        raise Failure("another cipher: " + result["cipher"])
    return result


def run_client(client, port, mode, *arguments):
    return client_result(subprocess.run(client_argv(client, port, mode, *arguments), capture_output=True, text=True, timeout=170).stdout)


class Held:
    """Idle connections that the client holds until the block ends."""

    def __init__(self, client, port, count, target):
        self.argv = client_argv(client, port, "idle", "--total", str(count), target)

    def __enter__(self):
        self.p = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.p.stdout.readline()
        if not line.startswith("holding"):
            self.p.wait()
            client_result(line)
        return self

    def end(self):
        """Lets them go; fails if the server had ended any of them."""
        text = self.p.communicate("\n", timeout=60)[0]
        client_result(text)

    def __exit__(self, *_):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
