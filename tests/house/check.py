#!/usr/bin/env python3
"""House rules that a compiler does not check: file sizes, public headers that stand alone as C17 and C++17, third-party
headers in their one place, include directions, nothing but a main.c exits, run bits, and no marks of unfinished work.
Prints each offence; exit code 1 when there is one.
"""
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 800
CODE = re.compile(r"\.(c|h|cc|cu|cuh|proto|sql|py|sh|js|ts|css|html|cmake)$|CMakeLists\.txt$|"
                  r"^(script|\.ci|tests/house)/")
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]

# Where a third-party header may be included, as globs (architecture: each in one place).
THIRD_PARTY = {
    r"sqlite3\.h": ["server/store/*"],
    # agent/platforms/sim_served_socket.c: that platform is another process behind a socket.
    r"zmq\.h": ["server/ingest/*", "server/publish/*", "server/rpc/*", "agent/link.c", "agent/probe.c",
                "agent/platforms/sim_served_socket.c", "client/client.c", "tests/*"],
    r"jansson\.h": ["core/json.c"],
    r"yaml\.h": ["core/config.c"],
    r"sodium(/.*)?\.h": ["core/digest.c"],
    r"faasconf/v1/.*\.pb-c\.h": ["proto/*"],
    r"protobuf-c/.*": ["proto/*", "tests/proto/*", "tests/fuzz/*"],
    r"microhttpd\.h": ["server/http/*", "functions/http_server.c"],
    r"curl/.*": ["agent/platforms/*", "functions/orchestrator/http_client.c",
                "cli/load_http.c"],
    r"cublas.*\.h|cudnn.*\.h": ["kernels/*.cu"],
    r"cu(da|rand|b/).*": ["kernels/*.cu", "kernels/*.cuh", "sim/*.cu", "tests/sim/*.cu"],
    r"lapacke?\.h|cblas\.h|nlopt.*": ["eval/*", "sim/calibration*", "server/twin/*"],
    r"systemd/.*": ["agent/main.c", "server/main.c"],
    r"(gtest|gmock)/.*": ["tests/*"],
}

# Folders whose internal headers a folder may not include:
# include <- kernels, proto <- core <- agent, server, sim <- eval, cli <- functions.
FORBIDDEN = {
    "include": ["kernels", "proto", "core", "agent", "server", "sim", "eval", "cli", "client", "functions"],
    "kernels": ["proto", "core", "agent", "server", "sim", "eval", "cli", "client", "functions"],
    "proto": ["kernels", "agent", "server", "sim", "eval", "cli", "client", "functions"],
    "core": ["agent", "server", "sim", "eval", "cli", "client", "functions"],
    "sim": ["agent", "server", "eval", "cli", "client", "functions"],
    "agent": ["server", "eval", "cli", "client", "functions"],
    "server": ["agent", "eval", "cli", "client", "functions"],
    "client": ["agent", "server", "sim", "eval", "cli", "functions"],
    "eval": ["cli", "client", "functions"],
    "cli": ["functions"],
    "functions": ["kernels", "proto", "agent", "server", "sim", "client"],
}
# The simulator is a platform of the agent and the twin of the server, behind one door each.
SIMULATOR_DOORS = {"agent": "agent/platforms/", "server": "server/twin/"}


def tracked():
    out = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if out.returncode == 0 and out.stdout:
        names = out.stdout.split("\n")
    else:  # an unpacked archive
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts]
    return [n for n in names if n and (ROOT / n).is_file()]


def without_comments(source):
    """The code with comments and strings blanked, lines kept."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda found: "\n" * found.group().count("\n"), source, flags=re.S)


def line_of(source, position):
    return source.count("\n", 0, position) + 1


def sizes(text):
    for name, source in text.items():
        lines = source.count("\n")
        if lines > MAX_LINES:
            yield f"{name}: {lines} lines (at most {MAX_LINES}): split it by what its parts are about"


def includes(text):
    owners = {}
    for name in text:
        if name.endswith((".h", ".cuh")) and not name.startswith(("include/", "tests/")):
            owners.setdefault(os.path.basename(name), set()).add(name.split("/")[0])
    for name, source in text.items():
        if not re.search(r"\.(c|h|cc|cu|cuh)$", name):
            continue
        folder = name.split("/")[0]
        for found in re.finditer(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', source, re.M):
            included, where = found.group(1), f"{name}:{line_of(source, found.start(1))}"
            for pattern, places in THIRD_PARTY.items():
                if re.fullmatch(pattern, included) and not any(fnmatch.fnmatch(name, place) for place in places):
                    yield f"{where}: includes <{included}>, which belongs to {', '.join(places)} only"
            owner = owners.get(os.path.basename(included), set())
            if included.startswith("faasconf/") or folder in owner:
                continue
            for other in sorted(owner.intersection(FORBIDDEN.get(folder, []))):
                yield f"{where}: includes {included} of {other}/, which {folder}/ may not know"
            if "sim" in owner and not name.startswith(SIMULATOR_DOORS.get(folder, "")):
                yield f"{where}: includes {included} of sim/, which only {SIMULATOR_DOORS[folder]} of {folder}/ may"


def exits(text):
    for name, source in text.items():
        if not re.search(r"\.(c|h|cu|cuh)$", name) or name.endswith("/main.c") or name.startswith("tests/"):
            continue
        code = without_comments(source)
        for found in re.finditer(r"(?<![\w.>])(exit|quick_exit|_Exit|err|errx)\s*\(", code):
            yield (f"{name}:{line_of(code, found.start())}: calls {found.group(1)}(): return an fc_status_t; only a "
                   "main.c ends its program (a forked child ends with _exit)")


def unfinished(text):
    for name, source in text.items():
        if name.startswith("tests/house/"):
            continue
        for found in re.finditer(r"\b(TODO|FIXME|XXX|HACK)\b", source):
            yield f"{name}:{line_of(source, found.start())}: {found.group()}: finish it, or write it down as an issue"


def run_bits(files):
    for name in files:
        if name.startswith("script/") or name in (".ci/run", "tests/house/lint"):
            if not os.access(ROOT / name, os.X_OK):
                yield f"{name}: has no run bit"


def alone(name, suffix, compiler, folder):
    """Includes the header twice and nothing before it, with the warnings of the house."""
    include = name[len("include/"):]
    source = pathlib.Path(folder) / (include.replace("/", "+") + suffix)
    source.write_text(f'#include "{include}"\n#include "{include}"\n')
    result = subprocess.run([*compiler, *WARNINGS, "-fsyntax-only", "-I", str(ROOT / "include"), str(source)],
                            capture_output=True, text=True)
    if result.returncode:
        problem = next((line for line in result.stderr.splitlines() if "error:" in line), result.stderr[:200])
        return [f"{name}: does not stand alone as {compiler[1][5:].upper()}: {problem.replace(f'{ROOT}/', '')}"]
    return []


def headers_alone(text):
    names = [name for name in text if name.startswith("include/") and name.endswith(".h")]
    languages = ((".c", ["gcc", "-std=c17", "-Wstrict-prototypes"]), (".cc", ["g++", "-std=c++17"]))
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(alone, name, suffix, compiler, folder) for name in names for suffix, compiler in languages]
        return [offence for job in jobs for offence in job.result()]


def main():
    files = tracked()
    text = {}
    for name in files:
        try:
            text[name] = (ROOT / name).read_text()
        except UnicodeDecodeError:  # data
            continue
    code = {name: source for name, source in text.items() if CODE.search(name)}
    offences = [*sizes(code), *includes(code), *exits(code), *unfinished(code), *run_bits(files), *headers_alone(code)]
    for offence in offences:
        print("house:", offence)
    print(f"house rules: {len(files)} files, {len(offences)} offences")
    return 1 if offences or not code else 0


if __name__ == "__main__":
    sys.exit(main())
