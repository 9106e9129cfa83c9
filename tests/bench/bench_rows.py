#!/usr/bin/env python3
"""bench_rows.py - the CPU's goals, row by row: ours beside a peer on the same cores, alternating.

  bench_rows.py --bin build/release/bin [--rounds 5] [--only NAME,...] [--json]

Medians over the rounds. `goal` must be met, `stretch` would be nice; `pass` says whether the goal is met. Where less is
better the row says so. Peers: attmf_torch.py (PyTorch, one thread), a bare ZeroMQ ROUTER, numpy's sgemm, our own single
thread, and the same server on a RAM disk. Rows with the peer's arithmetic are `faithful`; `default` beside them is the
rate of the default variant, which no goal is about.
"""
import argparse
import json
import os
import pathlib
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import torch_peer

HERE = pathlib.Path(__file__).resolve().parent
# MFLOP of one update, N = 12, B = 64, neighbour lists: the fewest that the equations need (attmf_torch.py counts them).
LEAST_MFLOP_N12 = 100.4


class Bench:
    def __init__(self, bin_folder, rounds):
        self.bin, self.rounds, self.rows = pathlib.Path(bin_folder).resolve(), rounds, []

    def output(self, command, **environment):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300,
                              env=dict(os.environ, **environment))
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout

    def add(self, name, goal, stretch, pairs, lower=False, unit="", **extra):
        """pairs: (ours, peer) per round; the ratio is that of the medians. peer None: ours against the goal itself."""
        ours = statistics.median(pair[0] for pair in pairs)
        peers = [pair[1] for pair in pairs if pair[1] is not None]
        peer = statistics.median(peers) if peers else None
        ratio = ours if peer is None else ours / peer
        passed = ratio <= goal if lower else ratio >= goal
        self.rows.append({"name": name, "goal": goal, "stretch": stretch, "ours": ours, "peer": peer, "ratio": ratio,
                          "pass": passed, "lower_is_better": lower, "unit": unit, **extra})

    def alternate(self, ours, peer):
        return [(ours(), peer()) for _ in range(self.rounds)]

    # ---- programs

    def updates(self, n, variant="faithful", threads=1, seconds=0.4):
        out = self.output([self.bin / "bench_update", "--n", n, "--variant", variant, "--seconds", seconds, "--rounds", 1,
                           "--threads", threads, "--json"])
        return json.loads(out)["rows"][0]["updates_per_s"]

    def peer(self, n, key, attention="dense", implementation="flat", mode="eager", what="update", seconds=0.7,
             buffer=31000):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            self.output(torch_peer.command(file.name, n=n, attn=attention, impl=implementation, mode=mode, what=what,
                                           threads=1, seconds=seconds, buffer=buffer))
            return torch_peer.figure(file.name, key)

    def lines(self, program, *options, **environment):
        return [json.loads(line) for line in self.output([self.bin / program, *options, "--json"],
                                                         **environment).splitlines()]


# ---- the rows; each function fills in one or more


def update_rows(b):
    for n, name, implementation, goal, stretch in ((12, "update_n12_flat", "flat", 3, 4.5),
                                                   (12, "update_n12_stock", "stock", 4, 6), (5, "update_n5", "flat", 4, 6),
                                                   (6, "update_n6", "flat", 4, 6), (7, "update_n7", "flat", 4, 6)):
        pairs = b.alternate(lambda: b.updates(n),
                            lambda: b.peer(n, "updates_per_s", implementation=implementation))
        b.add(name, goal, stretch, pairs, unit="updates/s", default=b.updates(n, "repaired"))


def update_n100(b):
    pairs = b.alternate(lambda: b.updates(100, seconds=0.8),
                        lambda: max(b.peer(100, "updates_per_s", attention, buffer=3000) for attention in
                                    ("dense", "edge")))
    b.add("update_n100", 2, 3, pairs, unit="updates/s", default=b.updates(100, "repaired"))


def update_n1000(b):
    pairs = b.alternate(lambda: b.updates(1000, seconds=1), lambda: b.peer(1000, "updates_per_s", "edge", buffer=1000))
    b.add("update_n1000_edge", 2, 4, pairs, unit="updates/s", default=b.updates(1000, "repaired"))
    ours = statistics.median(pair[0] for pair in pairs)
    # The dense form takes seconds per update and gigabytes: one measurement of it.
    b.add("update_n1000_dense", 25, 50, [(ours, b.peer(1000, "updates_per_s", "dense", buffer=500, seconds=1))],
          unit="updates/s", rounds=1)


def gemm_share(b):
    code = ("import numpy as np, time\n"
            "a, w, c = (np.random.rand(*s).astype(np.float32) for s in ((768, 64), (64, 64), (768, 64)))\n"
            "best = 1e9\n"
            "for _ in range(60):\n"
            "  t = time.perf_counter()\n"
            "  for _ in range(50): np.matmul(a, w, out=c)\n"
            "  best = min(best, (time.perf_counter() - t) / 50)\n"
            "print(2 * 768 * 64 * 64 / best / 1e9)")
    pairs = b.alternate(lambda: b.updates(12) * LEAST_MFLOP_N12 / 1e3,
                        lambda: float(b.output([sys.executable, "-c", code], OPENBLAS_NUM_THREADS="1")))
    b.add("gemm_share", 0.5, 0.75, pairs, unit="GFLOP/s")


def threads(b):
    for n, name, goal in ((12, "threads_n12", 1.5), (100, "threads_n100", 1.7)):
        pairs = b.alternate(lambda: b.updates(n, threads=2, seconds=0.8), lambda: b.updates(n, seconds=0.8))
        b.add(name, goal, None, pairs, unit="updates/s")


def workflow_of(n, file):
    """A binary tree of n functions, each calling two more; what bench_decide needs of a workflow."""
    lines = ["faasconf: 1", "workflow: wide", "orchestrator: outside", "window_s: 30",
             "prices: {version: bench, usd_per_millicore_hour: 0.0001, usd_per_mib_hour: 0.00001}",
             "ranges: {cpu_millicores: [600, 2000], mem_mib: [614, 2048], replicas: [2, 8], concurrency: [2, 10]}",
             "start: {cpu_millicores: 1300, mem_mib: 1331, replicas: 5, concurrency: 6}", "functions:"]
    lines += [f"  - {{name: f{i}, mode: fork, on_failure: fail}}" for i in range(n)]
    lines += ["calls:"] + [f"  - f{i}" for i in range(n)] + ["qos:", "  - latency_mean_s: 1000"]
    file.write("\n".join(lines) + "\n")
    file.flush()


def decide(b):
    def ours(workflow, rounds):
        out = b.output([b.bin / "bench_decide", "--workflow", workflow, "--rounds", rounds, "--json"])
        return json.loads(out)["rows"][0]["decide_us"]
    pairs = b.alternate(lambda: b.peer(12, "infer_us", mode="jit", what="infer"), lambda: ours("tcktapp", 3))
    b.add("decide_n12", 8, 15, pairs, unit="us: peer, ours")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        workflow_of(1000, file)
        pairs = b.alternate(lambda: b.peer(1000, "infer_us", "edge", what="infer", buffer=1000),
                            lambda: ours(file.name, 1))
    b.add("decide_n1000", 1.5, 4, pairs, unit="us: peer, ours")


def rpc(b):
    measured = [json.loads(b.output([b.bin / "bench_rpc", "--rounds", 1, "--json"])) for _ in range(b.rounds)]
    b.add("rpc_median", 1.3, None, [(m["query_us"], m["ping_us"]) for m in measured], lower=True, unit="us")
    b.add("rpc_p99", 2, None, [(m["query_p99_us"], m["ping_p99_us"]) for m in measured], lower=True, unit="us")


def sqlite_alone(seconds=1, row_bytes=1251):
    """Rows per second that SQLite takes into one table of blobs without index, a transaction per 1,000, synchronous=FULL."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(pathlib.Path(folder, "rows.db"), isolation_level=None)
        for pragma in ("page_size = 16384", "journal_mode = WAL", "synchronous = FULL"):
            database.execute(f"PRAGMA {pragma}").fetchall()
        database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, row BLOB)")
        group, done, began = [(bytes(row_bytes),)] * 1000, 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            database.execute("BEGIN")
            database.executemany("INSERT INTO rows (row) VALUES (?)", group)
            database.execute("COMMIT")
            done += len(group)
        rate = done / (time.perf_counter() - began)
        database.close()
        return rate


def ingest(b):
    def rate(name, seconds=1, *options, **environment):
        found = b.lines("bench_ingest", "--only", name, "--seconds", seconds, *options, **environment)[0]
        return found.get("transitions_per_s", found.get("messages_per_s"))
    singles = b.alternate(lambda: rate("single"), lambda: rate("bare"))
    # What the disk and SQLite take of the same bytes without any server: bounds for whoever acknowledges what is durable.
    append = statistics.median(rate("append") for _ in range(b.rounds))
    alone = statistics.median(sqlite_alone() for _ in range(b.rounds))
    b.add("ingest_1", 0.7, 0.9, singles, unit="messages/s", append_to_a_file_per_s=append, sqlite_alone_per_s=alone)
    single = statistics.median(pair[0] for pair in singles)
    b.add("ingest_64", 3, 8, [(rate("batched"), single) for _ in range(b.rounds)], unit="transitions/s")
    pairs = b.alternate(lambda: rate("paced", 1, "--rate", 30000),
                        lambda: rate("paced", 1, "--rate", 30000, TMPDIR="/dev/shm"))
    b.add("ingest_durable", 0.9, None, pairs, unit="transitions/s at 30,000/s: on disk, on a RAM disk")
    found = b.lines("bench_ingest", "--only", "learner", "--seconds", 1)[0]
    slowed = 100 * (1 - found["updates_per_s"] / found["updates_per_s_alone"])
    b.add("ingest_slowdown", 10, None, [(slowed, None)], lower=True, unit="% of the learner's updates",
          transitions_per_s=found["transitions_per_s"])


def startup(b):
    def ours():
        with tempfile.TemporaryDirectory() as folder:
            ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
            numbers = [port.getsockname()[1] for port in ports]
            for port in ports:
                port.close()
            config = pathlib.Path(folder, "server.yaml")
            config.write_text("store: %s/store\nlisten: {ingest: 'tcp://127.0.0.1:%d', hints: "
                              "'tcp://127.0.0.1:%d', rpc: 'tcp://127.0.0.1:%d'}\nsecurity: {insecure_loopback: true}\n"
                              "log: {level: error}\n" % (folder, *numbers))
            began = time.perf_counter()
            server = subprocess.Popen([b.bin / "faasconfd", "--config", str(config)], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE)
            try:
                while True:
                    try:
                        socket.create_connection(("127.0.0.1", numbers[2]), 1).close()
                        return time.perf_counter() - began
                    except OSError:
                        if server.poll() is not None or time.perf_counter() - began > 20:
                            raise RuntimeError(f"faasconfd did not start: {server.stderr.read().decode()[-300:]}")
                        time.sleep(0.0005)
            finally:
                server.terminate()
                server.wait()

    def peer():
        began = time.perf_counter()
        b.output([sys.executable, "-c", "import torch"])
        return time.perf_counter() - began
    b.add("startup", 20, 100, [(there, here) for here, there in b.alternate(ours, peer)], unit="s: import torch, faasconfd")


def memory(b):
    def ours():
        process = subprocess.Popen([b.bin / "bench_update", "--n", "12", "--variant", "faithful", "--seconds", "0.2",
                                    "--rounds", "1"], stdout=subprocess.DEVNULL)
        usage = os.wait4(process.pid, 0)[2]
        process.returncode = 0
        return usage.ru_maxrss / 1024
    pairs = [(ours(), b.peer(12, "rss_peak_mb", seconds=0.3))]
    b.add("memory", 0.25, 0.2, pairs, lower=True, unit="MiB")


def simulate(b):
    def ours():
        out = b.output([b.bin / "bench_simulate", "--users", 10, "--rounds", 3, "--json"])
        return json.loads(out)["rows"][0]["windows_per_s"]
    b.add("simulate_parallel", 20000, 40000, [(ours(), None) for _ in range(b.rounds)], unit="windows/s")


PARTS = {"update": update_rows, "update_n100": update_n100, "update_n1000": update_n1000, "gemm_share": gemm_share,
         "threads": threads, "decide": decide, "rpc": rpc, "ingest": ingest, "startup": startup, "memory": memory,
         "simulate": simulate}


def facts():
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True)
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    return {"load_average": os.getloadavg()[0], "commit": git.stdout.strip() or "none", "cores": os.cpu_count(),
            "cpu": cpu, "date": time.strftime("%Y-%m-%d", time.gmtime())}


def table(report):
    print(f"{'name':<20} {'ours':>12} {'peer':>12} {'ratio':>10} {'goal':>8} {'stretch':>8}  met")
    for row in report["rows"]:
        peer = "" if row["peer"] is None else f"{row['peer']:.4g}"
        stretch = "" if row["stretch"] is None else f"{row['stretch']:g}"
        sign = "<=" if row["lower_is_better"] else ">="
        bounds = "".join(f", {name}: {value:.4g}" for name, value in row.items() if name.endswith("_per_s"))
        print(f"{row['name']:<20} {row['ours']:>12.4g} {peer:>12} {row['ratio']:>10.3g} {sign + format(row['goal'], 'g'):>8}"
              f" {stretch:>8}  {'yes' if row['pass'] else 'no'}   {row['unit']}{bounds}")
    for problem in report["not_measured"]:
        print(f"not measured: {problem}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="comma list of " + ", ".join(PARTS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    parts = options.only.split(",") if options.only else list(PARTS)
    unknown = [part for part in parts if part not in PARTS]
    if not pathlib.Path(options.bin, "bench_update").is_file():
        parser.error(f"--bin: {options.bin} has no bench_update; script/bench builds the programs")
    if unknown or options.rounds < 1:
        parser.error(f"there is no part {', '.join(unknown)}" if unknown else "--rounds is positive")
    bench, problems = Bench(options.bin, options.rounds), []
    for index, part in enumerate(parts):
        began = time.monotonic()
        try:
            PARTS[part](bench)
        except (RuntimeError, subprocess.TimeoutExpired, OSError, KeyError, ValueError) as problem:
            problems.append(f"{part}: {problem}")
        print(f"[{index + 1}/{len(parts)}] {part}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    report = {"bench": "rows", "rounds": options.rounds, "rows": bench.rows, "not_measured": problems, **facts()}
    if options.json:
        print(json.dumps(report))
    else:
        table(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
