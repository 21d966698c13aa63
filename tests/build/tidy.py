"""Runs clang-tidy on our files that have changed since it last passed on them.

usage: tidy.py [--jobs N] [FILE...]
"""

import argparse
import json
import sys

import changed_files
import include_graph

BUILD = include_graph.ROOT / "build" / "tidy"
CHECKS = include_graph.ROOT / ".clang-tidy"
TEST_CHECKS = include_graph.ROOT / "tests" / ".clang-tidy"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()

    compiled = {entry["file"] for entry in json.loads((BUILD / "compile_commands.json").read_text())}
    sources = [path for path in include_graph.sources_of(arguments.files)
               if str(include_graph.ROOT / path) in compiled]
    key = CHECKS.read_text() + changed_files.version_of("clang-tidy-16")
    command = ["clang-tidy-16", "--quiet", "-p", str(BUILD)]
    test_key = key + TEST_CHECKS.read_text()
    return bool(changed_files.run("tidy", sources, lambda path: [*command, path],
                                  lambda path: test_key if path.startswith("tests/") else key,
                                  arguments.jobs))


if __name__ == "__main__":
    sys.exit(main())
