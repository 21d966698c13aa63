"""Compiles with clang what em++, which is clang too, does not: the server, the programs and the
native adapters, with the warnings of every build.

usage: compile_clang.py [--jobs N] --sqlite DIR [FILE...]
"""

import argparse
import json
import shlex
import subprocess
import sys

import changed_files
import compile_emscripten
import include_graph

BUILD = include_graph.ROOT / "build" / "tidy"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sqlite", required=True)
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()

    subprocess.run(["cmake", "--preset", "tidy", f"-DROLLCALL_SQLITE_DIR={arguments.sqlite}"],
                   cwd=include_graph.ROOT, check=True, stdout=subprocess.DEVNULL)
    commands = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        compiler = next(i for i, word in enumerate(words) if "clang" in word)
        output = words.index("-o")
        commands[entry["file"]] = [*words[compiler:output], *words[output + 2:], "-fsyntax-only"]

    sources = [path for path in include_graph.sources_of(arguments.files)
               if str(include_graph.ROOT / path) in commands and not path.startswith("tests/")
               and not compile_emscripten.is_portable(path)]
    options = sorted(word for path in sources for word in commands[str(include_graph.ROOT / path)])
    key = " ".join(dict.fromkeys(options)) + changed_files.version_of("clang++-16")
    return bool(changed_files.run("clang", sources,
                                  lambda path: commands[str(include_graph.ROOT / path)],
                                  lambda _: key, arguments.jobs))


if __name__ == "__main__":
    sys.exit(main())
