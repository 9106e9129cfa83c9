#!/usr/bin/env python3
"""Counts tests per label: count.py asan=build/asan ... (each folder's junit.xml for the results, ctest for the labels)

Prints every skipped test with its reason and ends with "N passed, N failed, N skipped". Exit code 1 when one failed or
none ran.
"""
import collections
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as tree


def labels_of(folder):
    """Test name -> its first word of label; CTest's JUnit file does not carry labels."""
    shown = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"], capture_output=True, text=True)
    labels = {}
    for test in json.loads(shown.stdout)["tests"]:
        for one in test.get("properties", []):
            if one["name"] == "LABELS":
                labels[test["name"]] = one["value"][0].split()[0]
    return labels


def main(arguments):
    table = collections.OrderedDict()
    total = collections.Counter()
    skipped = []
    for argument in arguments:
        build, folder = argument.split("=", 1)
        try:
            suite = tree.parse(os.path.join(folder, "junit.xml")).getroot()
        except (OSError, tree.ParseError) as problem:
            print(f"{build}: no result: {problem}")
            total["failed"] += 1
            continue
        labels = labels_of(folder)
        for case in suite.iter("testcase"):
            label = labels.get(case.get("name"), "unlabelled")
            out = "".join(e.text or "" for e in case.iter("system-out"))
            status = case.get("status")
            if status == "run" and "[  SKIPPED ]" in out:
                status = "notrun"
            key = {"run": "passed", "fail": "failed"}.get(status, "skipped")
            table.setdefault((build, label), collections.Counter())[key] += 1
            total[key] += 1
            if key == "skipped":
                reason = re.search(r"Skipped\n(.*)", out) or re.search(r"(?m)^(.*absent.*|.*needs.*)$", out)
                skipped.append(f"{build} {case.get('name')}: {reason.group(1).strip() if reason else 'no reason given'}")
            if key == "failed":
                print(f"FAILED {build} {case.get('name')}")
    print(f"{'build':<10}{'label':<12}{'passed':>8}{'failed':>8}{'skipped':>8}")
    for (build, label), counts in table.items():
        print(f"{build:<10}{label:<12}{counts['passed']:>8}{counts['failed']:>8}{counts['skipped']:>8}")
    for line in skipped:
        print("skipped:", line)
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
