"""Compiles what runs in a browser too with em++: engine, schema and client-core, all but the files
that adapt curl or libsodium, for which a browser has its own.

usage: compile_emscripten.py [--jobs N] --sqlite DIR [FILE...]
"""

import argparse
import os
import pathlib
import subprocess
import sys

import changed_files
import include_graph

FOLDERS = ("engine", "schema", "client-core")
NATIVE_ONLY = ("curl/", "sodium.h", "sodium/")
# Header-only, or read for their declarations: the system's folder as a whole would bring glibc's
# headers before Emscripten's.
HEADERS = ("nlohmann", "zstd.h", "zstd_errors.h", "zdict.h", "xxhash.h", "xxh3.h", "zlib.h",
           "zconf.h")
OPTIONS = ("-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-DXXH_INLINE_ALL",
           '-DROLLCALL_VERSION="0.0.0"')


def is_portable(path):
    return path.split("/")[0] in FOLDERS and not any(
        name.startswith(NATIVE_ONLY) for _, _, name in include_graph.includes(path))


def gather_headers(folder):
    folder.mkdir(parents=True, exist_ok=True)
    system = pathlib.Path("/usr/include")
    for name in HEADERS:
        link = folder / name
        link.unlink(missing_ok=True)
        found = [p for p in (system / name, *system.glob(f"*-linux-*/{name}")) if p.exists()]
        if found:
            link.symlink_to(found[0])


def refuses(command, env, text):
    """Whether em++ refuses a text: a check that cannot fail is a defect."""
    result = subprocess.run([*command, "-x", "c++", "-"], input=text, env=env, text=True,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return result.returncode != 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sqlite", required=True)
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()

    headers = include_graph.ROOT / "build" / "emscripten" / "include"
    gather_headers(headers)
    command = ["em++", *OPTIONS, "-I", str(include_graph.ROOT), "-I",
               str(include_graph.ROOT / "client-core" / "include"), "-isystem", str(headers),
               "-isystem", arguments.sqlite]
    sources = [path for path in include_graph.sources_of(arguments.files) if is_portable(path)]
    if not sources:
        sys.exit("nothing to compile")
    # Debian's em++ finds its JavaScript modules only where it is told to look.
    env = dict(os.environ, NODE_PATH="/usr/share/nodejs")
    if refuses(command, env, "#include <vector>\n") or not refuses(
            command, env, "#include <algorithm>\nauto f(auto& v) { std::ranges::sort(v); }\n"):
        sys.exit("em++ does not tell what its library has from what it has not")
    key = " ".join(command) + changed_files.version_of("em++")
    return bool(changed_files.run("emscripten", sources, lambda path: [*command, path], lambda _: key,
                                  arguments.jobs, env))


if __name__ == "__main__":
    sys.exit(main())
