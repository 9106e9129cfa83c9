#!/usr/bin/env python3
"""bench_update_peer.py - AttMF updates/s beside the PyTorch peer, alternating, one thread each.

  bench_update_peer.py --bench build/release/bin/bench_update [--n 5,6,7,12,100] [--rounds 5] [--quick] [--json]

Each round runs ours, then the peer (attmf_torch.py, flat, dense and, from 100 functions on, edge lists), so that both see
the same machine. Pairs do the same work: `faithful` beside attmf-sq, `softmax` beside attmf-softmax. Prints medians over
rounds and their ratio. Debian's PyTorch links OpenBLAS without a batched product; an MKL build is perhaps 1.3 times
faster.
"""
import argparse
import json
import statistics
import subprocess
import tempfile

import torch_peer

PAIRS = [("faithful", "attmf-sq"), ("softmax", "attmf-softmax")]


def ours(bench, variant, n, seconds):
    out = subprocess.run([bench, "--n", str(n), "--variant", variant, "--seconds", str(seconds), "--rounds", "1", "--json"],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)["rows"][0]["updates_per_s"]


def peer(algorithm, n, attention, seconds):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(torch_peer.command(file.name, n=n, algo=algorithm, attn=attention, what="update", threads=1,
                                          seconds=seconds), check=True, capture_output=True, text=True)
        return torch_peer.figure(file.name, "updates_per_s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="the program bench_update")
    parser.add_argument("--n", default="5,6,7,12,100", help="functions, comma list")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--quick", action="store_true", help="two rounds of half a second, 6 and 12 functions")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.n, options.rounds, options.seconds = "6,12", 2, 0.5
    rows = []
    for n in (int(part) for part in options.n.split(",")):
        for variant, algorithm in PAIRS:
            for attention in ["dense"] + (["edge"] if n >= 100 else []):
                mine, theirs = [], []
                for _ in range(options.rounds):
                    mine.append(ours(options.bench, variant, n, options.seconds))
                    theirs.append(peer(algorithm, n, attention, options.seconds))
                a, b = statistics.median(mine), statistics.median(theirs)
                rows.append({"n": n, "variant": variant, "peer": f"{algorithm} {attention}", "updates_per_s": a,
                             "peer_updates_per_s": b, "ratio": a / b})
    if options.json:
        print(json.dumps({"bench": "update", "batch": 64, "rounds": options.rounds, "rows": rows}))
        return
    print(f"{'N':>5} {'variant':<10} {'peer':<22} {'ours/s':>10} {'peer/s':>10} {'ratio':>7}")
    for row in rows:
        print(f"{row['n']:>5} {row['variant']:<10} {row['peer']:<22} {row['updates_per_s']:>10.1f}"
              f" {row['peer_updates_per_s']:>10.1f} {row['ratio']:>7.2f}")


if __name__ == "__main__":
    main()
