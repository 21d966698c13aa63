"""The demo converges: its exit status and its last line say so, and a broken one says otherwise.

usage: demo_test.py BIN_FOLDER PEOPLE
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
VERDICT = re.compile(
    r"demo: converged digest=([0-9a-f]{16}) replicas=4 pending=0 lost=0 leaks=0 conflicts=(\d+) doubles=(\d+)")


def play(programs, people):
    return subprocess.run([ROOT / "examples" / "demo" / "run", "demo", "--people", people],
                          env=os.environ | {"ROLLCALL_BIN": str(programs)}, capture_output=True, text=True,
                          check=False)


def main():
    programs, people = sys.argv[1:]
    done = play(programs, people)
    print(done.stdout, done.stderr, sep="\n")
    verdict = VERDICT.fullmatch(done.stdout.rstrip("\n").rpartition("\n")[2])
    if done.returncode != 0 or verdict is None:
        return f"the demo failed with exit status {done.returncode}"
    digest, conflicts, doubles = verdict.groups()
    if int(digest, 16) == 0 or int(conflicts) == 0 or int(doubles) == 0:
        return "the demo shows nothing: no rows, no conflicts or no doubles"
    if play(ROOT / "examples", people).returncode == 0:
        return "the demo succeeds without programs"
    return 0


if __name__ == "__main__":
    sys.exit(main())
