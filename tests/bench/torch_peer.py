"""torch_peer.py - how the benchmarks run the PyTorch peer (attmf_torch.py) and read one of its figures."""
import json
import pathlib
import sys

PEER = pathlib.Path(__file__).resolve().parent / "attmf_torch.py"


def command(report, **options):
    """Arguments of one configuration of the peer, which writes its rows into the file `report`."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, str(PEER), *words, "--json", str(report)]


def figure(report, key):
    """`key` of the first row that has one; says why when none has."""
    with open(report) as file:
        rows = json.load(file)
    for row in rows:
        if row.get(key):
            return row[key]
    raise RuntimeError(f"attmf_torch.py: {next((row['error'] for row in rows if 'error' in row), 'no ' + key)}")
