#!/usr/bin/env python3
"""Prints which fault is shown by which test, and how that test ended.

usage: faults.py BUILD_FOLDER [--json FILE]

A test's name ends in the ids of the faults that it shows: ..._A8_F1. Results are those of this very
tree: where there are none yet, the tests are run first. Exits with 1 when a test failed.
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
IDS = re.compile(r"((?:_[A-G]\d{1,2})+)(?=$|[/.(])")
PATTERN = r"_[A-G][0-9]+($|[/.(])"


def known_faults():
    table = (ROOT / "tests/faults.md").read_text()
    return re.findall(r"^\| ([A-G]\d+) \| (.*) \|$", table, re.M)


def tree_digest():
    """Of every file that git knows or would know, so that a result belongs to what made it."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT,
                            check=True, capture_output=True).stdout
    digest = hashlib.sha256()
    for name in sorted(filter(None, listed.split(b"\0"))):
        path = ROOT / name.decode()
        if path.is_file():
            digest.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def run_tests(build):
    """Runs every test that names a fault; gives {test: passed}."""
    report = build / "faults.xml"
    report.unlink(missing_ok=True)
    subprocess.run(["ctest", "--test-dir", build, "-j2", "-R", PATTERN, "-E", "^(asan|tsan)/",
                    "--output-junit", report], stdout=sys.stderr)
    if not report.exists():
        raise SystemExit("ctest left no report: run ./dev test, and look at what it says")
    results = {}
    for case in xml.parse(report).getroot().iter("testcase"):
        results[case.get("name")] = case.get("status") == "run"
    return results


def results_of(build):
    kept = build / "faults.results.json"
    digest = tree_digest()
    if kept.exists():
        stored = json.loads(kept.read_text())
        if stored["tree"] == digest:
            return stored["results"]
    results = run_tests(build)
    kept.write_text(json.dumps({"tree": digest, "results": results}))
    return results


def main():
    arguments = argparse.ArgumentParser(prog="./dev faults")
    arguments.add_argument("build", type=pathlib.Path)
    arguments.add_argument("--json", metavar="FILE", type=pathlib.Path,
                           help="also write {\"faults\": [{\"id\", \"test\", \"result\"}]}")
    told = arguments.parse_args()
    results = results_of(told.build.resolve())
    by_id = {}
    for test, passed in sorted(results.items()):
        for found in IDS.findall(test):
            for one in found.strip("_").split("_"):
                by_id.setdefault(one, []).append((test, passed))
    rows = []
    for one, fault in known_faults():
        for test, passed in by_id.get(one, [("", None)]):
            result = "uncovered" if passed is None else "pass" if passed else "fail"
            rows.append({"id": one, "test": test, "result": result})
            print(f"{one:4} {result:10} {test or fault}")
    count = {r: len({row["id"] for row in rows if row["result"] == r})
             for r in ("pass", "fail", "uncovered")}
    print(f"{len(known_faults())} faults: {count['pass']} shown, {count['fail']} with a test that "
          f"fails, {count['uncovered']} uncovered")
    if told.json:
        told.json.write_text(json.dumps({"faults": rows}, indent=1) + "\n")
    if count["fail"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
