#!/usr/bin/env python3
"""gpu_report.py - everything there is to know about a build on a CUDA device, in one run of a few minutes.

  gpu_report.py --bin build/release/bin [--seconds 480] [--json FILE]
  gpu_report.py --bin build/release/bin --package FOLDER

Parity (the tests labelled gpu), compute-sanitizer over the small ones, updates/s of one and of many learners, windows/s
of the batched simulator, and the PyTorch peer where torch with CUDA is installed. What there is no time for is named as
not run. --package copies the programs, the shared libraries that they need (CUDA's too), the workflows and this script
into a folder that runs on a machine with nothing but a driver: FOLDER/run.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import torch_peer

HERE = pathlib.Path(__file__).resolve().parent
TESTS = ["test_ops_on_gpu", "test_cohort_on_gpu", "test_step_on_gpu", "test_batch_on_gpu", "test_batch_rows_on_gpu"]
SANITIZED = [("memcheck", "test_ops_on_gpu", "*_forward:*_backward"), ("memcheck", "test_cohort_on_gpu", "*TenUpdates*"),
             ("racecheck", "test_ops_on_gpu", "*linear*:*norm*"), ("synccheck", "test_ops_on_gpu", "*linear*:*norm*")]
BENCHES = ["bench_update", "bench_batch"]
# Goals on an H200: name -> (must, stretch), as ratios or windows per second.
GOALS = {"batch_parallel": (1e6, 3e6), "learners_128": (6, 10), "learners_128_peer_graph": (60, None),
         "update_n12_eager": (30, 60), "update_n12_graph": (8, 15), "update_n12_compile-graph": (3, 5),
         "update_n1000_graph": (2, None)}


class Report:
    def __init__(self, bin_folder, seconds):
        self.bin = pathlib.Path(bin_folder).resolve()
        self.end = time.monotonic() + seconds
        self.steps, self.rows = [], []
        self.environment = dict(os.environ)
        libraries = self.bin.parent / "lib"
        if libraries.is_dir():
            self.environment["LD_LIBRARY_PATH"] = f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}"
        if (self.bin.parent / "workflows").is_dir():
            self.environment["FAASCONF_WORKFLOWS"] = str(self.bin.parent / "workflows")
            self.environment["FAASCONF_SOURCE_DIR"] = str(self.bin.parent)

    def run(self, name, command, timeout):
        """Output of a command, or None; notes how it went."""
        left = self.end - time.monotonic()
        if left < 5:
            self.steps.append({"name": name, "result": "not run: no time left"})
            return None
        began = time.monotonic()
        try:
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                                  timeout=min(timeout, left), env=self.environment, errors="replace")
        except (OSError, subprocess.TimeoutExpired) as problem:
            self.steps.append({"name": name, "result": f"not run to its end: {problem}"[:300]})
            return None
        result = "ok" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-2000:]
        self.steps.append({"name": name, "result": result, "seconds": round(time.monotonic() - began, 1)})
        return done.stdout if done.returncode == 0 else None

    def row(self, name, ours, peer, unit):
        must, stretch = GOALS[name]
        value = ours if peer is None else ours / peer
        self.rows.append({"name": name, "goal": must, "stretch": stretch, "ours": ours, "peer": peer, "value": value,
                          "unit": unit, "pass": value >= must})


def tests(report):
    for name in TESTS:
        out = report.run(name, [report.bin / name], 240)
        for line in re.findall(r"^  .*(?:equal counts|kernel).*$", out or "", re.M):
            report.steps[-1].setdefault("notes", []).append(line.strip())
        skipped = re.search(r"\[  SKIPPED \] (\d+) test", out or "")
        if skipped:
            report.steps[-1]["result"] = f"{skipped.group(1)} tests skipped: no CUDA device"


def sanitizer(report):
    tool = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not os.path.exists(tool):
        report.steps.append({"name": "compute-sanitizer", "result": "not run: it is not installed"})
        return
    for kind, name, only in SANITIZED:
        report.run(f"compute-sanitizer {kind} {name}",
                   [tool, "--tool", kind, "--error-exitcode", "3", report.bin / name, f"--gtest_filter={only}"], 150)


def ours(report, n, learners, seconds=3):
    out = report.run(f"bench_update N={n} learners={learners}",
                     [report.bin / "bench_update", "--backend", "cuda", "--n", n, "--variant", "faithful", "--learners",
                      learners, "--seconds", seconds, "--rounds", 1, "--json"], 90)
    return json.loads(out)["rows"][0]["updates_per_s"] if out else None


def peer(report, n, attention, mode):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        done = report.run(f"peer N={n} {attention} {mode}",
                          torch_peer.command(file.name, device="cuda", n=n, attn=attention, mode=mode, what="update",
                                             seconds=3), 120)
        if not done:
            return None
        try:
            return torch_peer.figure(file.name, "updates_per_s")
        except (RuntimeError, ValueError) as problem:
            report.steps[-1]["result"] = str(problem)
            return None


def benches(report):
    out = report.run("bench_batch", [report.bin / "bench_batch", "--batch", "16384,65536,131072", "--json"], 120)
    if out:
        report.row("batch_parallel", max(row["windows_per_s"] for row in json.loads(out)["rows"]), None, "windows/s")
    out = report.run("bench_batch, 128 learners", [report.bin / "bench_batch", "--batch", "16384", "--rounds", "3",
                                                   "--learners", "128", "--json"], 120)
    if out:
        trained = json.loads(out)["training"][0]
        report.steps[-1]["notes"] = [f"training on windows of the device: {trained['windows_per_s']:.0f} windows/s and "
                                     f"{trained['updates_per_s']:.0f} updates/s of 128 learners"]
    one, many, large = ours(report, 12, 1), ours(report, 12, 128), ours(report, 1000, 1)
    if one and many:
        report.row("learners_128", many, one, "updates/s of 128 learners, of one")
    has_torch = report.run("torch with CUDA", [sys.executable, "-c",
                                               "import torch; assert torch.cuda.is_available()"], 60) is not None
    if not has_torch:
        return
    for mode in ("eager", "graph", "compile-graph"):
        rate = peer(report, 12, "dense", mode)
        if rate and one:
            report.row(f"update_n12_{mode}", one, rate, "updates/s")
        if rate and many and mode == "graph":
            report.row("learners_128_peer_graph", many, rate, "updates/s of 128 learners, of the peer's one")
    rate = peer(report, 1000, "edge", "graph")
    if rate and large:
        report.row("update_n1000_graph", large, rate, "updates/s")


def libraries_of(program):
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    found = {}
    for name, path in re.findall(r"^\s+(\S+) => (/\S+)", listed, re.M):
        if not re.match(r"(libc|libm|libdl|librt|libpthread|ld-linux.*)\.so", name):
            found[name] = path
    return found


def package(bin_folder, folder):
    source, to = pathlib.Path(bin_folder).resolve(), pathlib.Path(folder)
    for part in ("bin", "lib", "workflows"):
        (to / part).mkdir(parents=True, exist_ok=True)
    for name in TESTS + BENCHES:
        shutil.copy2(source / name, to / "bin")
        for library, path in libraries_of(source / name).items():
            shutil.copy2(path, to / "lib" / library)
    for file in (HERE.parents[1] / "workflows").glob("*.yaml"):
        shutil.copy2(file, to / "workflows")
    for file in ("gpu_report.py", "torch_peer.py", "attmf_torch.py"):
        shutil.copy2(HERE / file, to / file)
    run = to / "run"
    run.write_text('#!/bin/sh\nexec python3 "$(dirname "$0")/gpu_report.py" --bin "$(dirname "$0")/bin" "$@"\n')
    run.chmod(0o755)
    size = sum(file.stat().st_size for file in to.rglob("*") if file.is_file())
    print(f"{to}: {size / 2**20:.0f} MiB; run it with {to}/run")


def table(report):
    for step in report.steps:
        print(f"{step['name']:<44} {step['result'].splitlines()[0] if step['result'] else ''}")
        for note in step.get("notes", []):
            print(f"    {note}")
    print(f"\n{'name':<28} {'ours':>14} {'peer':>14} {'value':>12} {'goal':>10} {'stretch':>10}  met")
    for row in report.rows:
        peer_text = "" if row["peer"] is None else f"{row['peer']:.1f}"
        stretch = "" if row["stretch"] is None else f"{row['stretch']:g}"
        print(f"{row['name']:<28} {row['ours']:>14.1f} {peer_text:>14} {row['value']:>12.2f} {row['goal']:>10g} "
              f"{stretch:>10}  {'yes' if row['pass'] else 'no'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--seconds", type=float, default=480, help="for everything")
    parser.add_argument("--json", metavar="FILE", help="write the report here as JSON, too")
    parser.add_argument("--package", metavar="FOLDER", help="copy instead of running")
    options = parser.parse_args()
    if options.package:
        package(options.bin, options.package)
        return 0
    report = Report(options.bin, options.seconds)
    tests(report)
    benches(report)
    sanitizer(report)
    table(report)
    if options.json:
        facts = {"bench": "gpu", "steps": report.steps, "rows": report.rows}
        pathlib.Path(options.json).write_text(json.dumps(facts, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
