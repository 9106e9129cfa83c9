#!/usr/bin/env python3
"""House rules that a compiler does not check: file sizes, headers that stand alone as C17 and C++17, third-party headers
in their one place, include directions, run bits, and words that do not belong in the tree. Prints each offence; exit
code 1 when there is one.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 800

# Which files may include a third-party header (architecture: each in one place).
THIRD_PARTY = {
    r"sqlite3\.h": ["server/store/"],
    r"zmq\.h": ["server/ingest/", "server/publish/", "server/rpc/", "server/main.c", "agent/link", "client/client.c",
                "tests/"],
    r"jansson\.h": ["core/json.c"],
    r"yaml\.h": ["core/config.c"],
    r"sodium\.h": ["core/digest.c"],
    r"faasconf/v1/.*\.pb-c\.h": ["proto/"],
    r"protobuf-c/.*": ["proto/", "tests/proto/", "tests/fuzz/"],
    r"microhttpd\.h": ["server/http/"],
    r"curl/curl\.h": ["agent/platforms/"],
    r"cuda.*\.h": ["kernels/", "sim/"],
    r"(gtest|gmock)/.*": ["tests/"],
}

# Folders whose internal headers a folder may not include.
FORBIDDEN = {"agent": ["server", "cli"], "server": ["agent", "cli"], "core": ["agent", "server", "sim", "cli", "kernels"],
             "kernels": ["agent", "server", "sim", "cli", "core"], "proto": ["agent", "server", "sim", "cli", "kernels"],
             "sim": ["agent", "server", "cli"], "client": ["agent", "server", "sim", "cli"]}


def tracked():
    out = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if out.returncode == 0 and out.stdout:
        names = out.stdout.split("\n")
    else:  # an unpacked archive
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts]
    return [n for n in names if n and (ROOT / n).is_file()]


def main():
    offences = []
    files = tracked()
    text = {}
    for name in files:
        try:
            text[name] = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
    code = [n for n in text if re.search(r"\.(c|h|cc|cu|cuh|py|sh|js|ts)$", n) or n.startswith(("script/", ".ci/"))]
    for name in code:
        lines = text[name].count("\n")
        if lines > MAX_LINES:
            offences.append(f"{name}: {lines} lines (at most {MAX_LINES})")
    headers = {}
    for name in code:
        if name.endswith(".h") and not name.startswith(("include/", "tests/")):
            headers[os.path.basename(name)] = name.split("/")[0]
    for name in code:
        if not re.search(r"\.(c|h|cc|cu)$", name):
            continue
        for included in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text[name], re.M):
            for pattern, places in THIRD_PARTY.items():
                if re.fullmatch(pattern, included) and not name.startswith(tuple(places)):
                    offences.append(f"{name}: includes <{included}>, which belongs to {', '.join(places)}")
            owner = headers.get(os.path.basename(included))
            if owner in FORBIDDEN.get(name.split("/")[0], []) and not included.startswith("faasconf/"):
                offences.append(f"{name}: includes {included} of {owner}/")
    for name in code:
        if re.search(r"\b(TODO|FIXME|XXX)\b", text[name]) and not name.startswith("tests/house/"):
            offences.append(f"{name}: reads like unfinished work")
    for name in [n for n in files if n.startswith("script/")] + [".ci/run"]:
        if not os.access(ROOT / name, os.X_OK):
            offences.append(f"{name}: has no run bit")
    offences += headers_alone([n for n in text if n.startswith("include/") and n.endswith(".h")])
    for offence in offences:
        print("house:", offence)
    print(f"house rules: {len(files)} files, {len(offences)} offences")
    return 1 if offences else 0


def headers_alone(names):
    offences = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            include = name[len("include/"):]
            for suffix, compiler in ((".c", ["gcc", "-std=c17", "-Wstrict-prototypes"]), (".cc", ["g++", "-std=c++17"])):
                source = pathlib.Path(folder) / ("alone" + suffix)
                source.write_text(f'#include "{include}"\n#include "{include}"\n')
                result = subprocess.run(compiler + ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I",
                                                    str(ROOT / "include"), str(source)], capture_output=True, text=True)
                if result.returncode:
                    offences.append(f"{name}: does not stand alone as {suffix}: {result.stderr.splitlines()[0]}")
    return offences


if __name__ == "__main__":
    sys.exit(main())
