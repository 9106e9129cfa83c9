#!/usr/bin/env python3
"""bench_growth.py - how an update, a decision and a learner's memory grow with the number of functions.

  bench_growth.py --bin build/release/bin [--n 100,200,400,700,1000] [--rounds 3] [--plot FILE.svg] [--json]

Sparse graphs, one thread, batch 64, AttMF faithful. Sizes alternate round by round; medians. The exponents of time are
those of least squares on logarithms over all sizes; memory, which has a constant part, is fitted by a line: MiB per
function, and how far the farthest size is from it. Memory is what a process has at its peak above one with a single
function and as many rows.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import bench_rows

ROWS = 256  # of the replay, so that it is the learner whose memory is seen


def exponent(sizes, values):
    return line([math.log(n) for n in sizes], [math.log(v) for v in values])[1]


def line(sizes, values):
    """(intercept, slope, largest deviation as a share of the largest value)"""
    mx, my = statistics.mean(sizes), statistics.mean(values)
    slope = sum((a - mx) * (b - my) for a, b in zip(sizes, values)) / sum((a - mx) ** 2 for a in sizes)
    intercept = my - slope * mx
    return intercept, slope, max(abs(b - intercept - slope * a) for a, b in zip(sizes, values)) / max(values)


def update(b, n):
    """(milliseconds an update, peak MiB)"""
    command = [b.bin / "bench_update", "--n", str(n), "--variant", "faithful", "--rows", str(ROWS), "--seconds", "1",
               "--rounds", "1", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("bench_update failed")
    return 1e3 / json.loads(out)["rows"][0]["updates_per_s"], usage.ru_maxrss / 1024


def decide(b, n):
    """microseconds a decision"""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        bench_rows.workflow_of(n, file)
        out = b.output([b.bin / "bench_decide", "--workflow", file.name, "--rounds", 1, "--json"])
    return json.loads(out)["rows"][0]["decide_us"]


def plot(report, path):
    """Times beside lines of N^1 and N^1.2 through their first point, memory beside its line."""
    script = ["set terminal svg size 960,320 font 'sans,11'", f"set output '{path}'", "set grid", "set key top left",
              "set xlabel 'functions'", "set multiplot layout 1,3", "set logscale xy"]
    for key, title in (("update_ms", "update, ms"), ("decide_us", "decision, us")):
        first = report["rows"][0]
        growth = f"{first[key]} * (x / {first['n']}.0)"
        script += [f"set title '{title}: N^{{{report['exponents'][key]:.2f}}}'", *points(report, key),
                   f"plot $data with linespoints pt 7 lw 2 title 'measured', {growth} dt 2 lc rgb 'gray40' title 'N', "
                   f"{growth}**1.2 dt 3 lc rgb 'gray20' title 'N^{{1.2}}'"]
    fit = report["memory"]
    script += ["unset logscale", "set xtics 0,250", f"set title 'memory, MiB: {fit['mib_per_function']:.2f} a function'",
               *points(report, "memory_mib"), "plot $data with linespoints pt 7 lw 2 title 'measured', "
               f"{fit['intercept_mib']} + {fit['mib_per_function']} * x dt 2 lc rgb 'gray40' title 'line'", "unset multiplot"]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def points(report, key):
    return ["$data << END", *(f"{row['n']} {row[key]}" for row in report["rows"]), "END"]


def report_of(rows):
    sizes = [row["n"] for row in rows]
    intercept, slope, deviation = line(sizes, [row["memory_mib"] for row in rows])
    return {"rows": rows,
            "exponents": {key: exponent(sizes, [row[key] for row in rows]) for key in ("update_ms", "decide_us")},
            "memory": {"intercept_mib": intercept, "mib_per_function": slope, "largest_deviation": deviation}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--n", default="100,200,400,700,1000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plot", help="SVG to write")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        sizes = sorted({int(n) for n in options.n.split(",")})
    except ValueError:
        sizes = []
    if len(sizes) < 2 or sizes[0] < 2 or sizes[-1] > 1024:
        parser.error(f"--n: expected two or more sizes from 2 to 1024, found {options.n}")
    if options.rounds < 1:
        parser.error("--rounds is positive")
    if not pathlib.Path(options.bin, "bench_update").is_file():
        parser.error(f"--bin: {options.bin} has no bench_update; script/bench builds the programs")
    if options.plot and not pathlib.Path(options.plot).resolve().parent.is_dir():
        parser.error(f"--plot: there is no folder for {options.plot}")
    bench = bench_rows.Bench(options.bin, options.rounds)
    measured = {n: {"update": [], "memory": [], "decide": []} for n in [1, *sizes]}
    for index in range(options.rounds):
        for n in measured:
            milliseconds, mib = update(bench, n)
            measured[n]["update"].append(milliseconds)
            measured[n]["memory"].append(mib)
            if n > 1:
                measured[n]["decide"].append(decide(bench, n))
        print(f"[{index + 1}/{options.rounds}]", file=sys.stderr, flush=True)
    base = statistics.median(measured[1]["memory"])
    rows = [{"n": n, "update_ms": statistics.median(measured[n]["update"]),
             "decide_us": statistics.median(measured[n]["decide"]),
             "memory_mib": statistics.median(measured[n]["memory"]) - base} for n in sizes]
    report = {"bench": "growth", "rounds": options.rounds, **report_of(rows), **bench_rows.facts()}
    if options.plot:
        plot(report, pathlib.Path(options.plot))
    if options.json:
        print(json.dumps(report))
        return 0
    print(f"{'functions':>9} {'update ms':>10} {'decide us':>10} {'MiB':>8}")
    for row in rows:
        print(f"{row['n']:>9} {row['update_ms']:>10.2f} {row['decide_us']:>10.1f} {row['memory_mib']:>8.1f}")
    print(f"{'N^':>9} {report['exponents']['update_ms']:>10.2f} {report['exponents']['decide_us']:>10.2f} "
          f"{report['memory']['mib_per_function']:>8.2f} MiB a function, all within "
          f"{100 * report['memory']['largest_deviation']:.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
