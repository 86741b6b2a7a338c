"""The load generators, on their core: h2load for requests. Each checks what it was answered."""
import re
import subprocess

from . import machine
from .machine import Failure
from .site import SIZES

CIPHER, GROUP = "TLS_AES_128_GCM_SHA256", "X25519"
TLS = [f"--tls13-ciphers={CIPHER}", "--ciphers=ECDHE-ECDSA-AES128-GCM-SHA256", f"--groups={GROUP}"]


def h2load_argv(case, port, extra, core=machine.LOAD_CORE):
    return ["taskset", "-c", str(core), "h2load", *TLS, "-c", str(case.connections), "-m", str(case.streams),
            *(["--h1"] if case.h1 else []), *extra, f"https://127.0.0.1:{port}{case.path}"]


def h2load(case, port, requests):
    """`requests` requests; returns how many a second. All must be 2xx, whole, and over the cipher that all are compared with."""
    argv = h2load_argv(case, port, ["-n", str(requests)])
    out = subprocess.run(argv, capture_output=True, text=True, timeout=120).stdout
    check_h2load(out, case, requests)
    return float(re.search(r"finished in .*?, ([\d.]+) req/s", out).group(1))


def check_h2load(out, case, requests):
    ok = re.search(r"(\d+) succeeded, (\d+) failed", out)
    if not ok or int(ok.group(1)) != requests or f"{requests} 2xx" not in out:
        raise Failure("wrong answers: " + " ".join(line for line in out.split("\n") if line.startswith(("requests:", "status codes:"))))
    if CIPHER not in out:
        raise Failure("another cipher: " + (re.search(r"Cipher: (\S+)", out) or ["", "none"])[1])
    if f"Application protocol: {'http/1.1' if case.h1 else 'h2'}" not in out:
        raise Failure("another protocol")
    data = re.search(r"space savings [^)]*\), ([\d.]+\w+) \((\d+)\) data", out)
    size = SIZES[case.path.split("/")[-1]]
    if not data or int(data.group(2)) != requests * size:
        raise Failure(f"bodies of {int(data.group(2)) / requests if data else 0:.1f} bytes instead of {size}")
