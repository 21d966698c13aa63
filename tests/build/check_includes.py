"""Includes only point down, and a C library's header stays in the .cc that owns its handle.

usage: check_includes.py [--self-test]
"""

import re
import sys

import include_graph

# What each layer may include, itself aside. The order is the one of the build.
BELOW = {
    "engine/base": (),
    "engine/clock": ("engine/base",),
    "engine/model": ("engine/base", "engine/clock"),
    "engine/codec": ("engine/base", "engine/clock", "engine/model"),
    "engine/merge": ("engine/base", "engine/clock", "engine/model"),
}
BELOW["engine/protocol"] = (*BELOW["engine/codec"], "engine/codec", "engine/merge")
BELOW["engine/storage"] = BELOW["engine/protocol"]
ENGINE = tuple(BELOW)
BELOW["schema"] = ENGINE
BELOW["server"] = (*ENGINE, "schema")
# The public headers stand alone, and programs that people use see nothing else of ours.
PUBLIC_API = "client-core/include"
BELOW[PUBLIC_API] = ()
BELOW["client-core"] = (*ENGINE, "schema", PUBLIC_API)
BELOW["examples"] = (PUBLIC_API,)
BELOW["tests"] = (*ENGINE, "schema", "server", "client-core", "examples")

# Headers of libraries: who may include them.
OWNERS = {
    r"sqlite3(ext)?\.h": ("engine/storage/", "examples/demo/", "tests/"),
    r"curl/.*|curl\.h": ("client-core/", "tests/"),
    r"sodium\.h|sodium/.*": ("engine/base/", "tests/"),
    r"(postgresql/)?libpq-fe\.h": (),
    r"openssl/.*": ("server/", "tests/"),
    r"(libpng\d*/)?png\.h|qrencode\.h": ("server/",),
    r"boost/.*": ("server/", "tests/"),
    r"spdlog/.*": ("server/", "tests/"),
    r"CLI/.*": ("server/", "examples/", "tests/"),
    r"gtest/.*|gmock/.*|rapidcheck.*|benchmark/.*": ("tests/",),
}
# Of those, the ones that a header of ours may include too; the others are C libraries, whose
# handles one class owns each, so that only its .cc needs to know them.
IN_HEADERS = re.compile(r"(boost|spdlog|CLI|gtest|gmock|rapidcheck|benchmark)(/|\.h)")

# What Emscripten 3.1.6's standard library has not, where the client's sources are.
PORTABLE = ("engine/", "schema/", "client-core/")
NOT_PORTABLE = {"coroutine", "stop_token", "source_location", "memory_resource", "ranges", "format",
                "expected", "syncstream", "latch", "barrier"}


def layer(path):
    if path.startswith(PUBLIC_API + "/"):
        return PUBLIC_API
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "engine" else parts[0]


def allowed(own, path, target):
    """Whether a file of layer `own` may include the file `target`."""
    return layer(target) == own or any(
        target.startswith(below + "/") for below in BELOW[own])


def faults_of(path, lines):
    """What is wrong with the include lines of one file: [(line number, what)]."""
    own = layer(path)
    if own not in BELOW:
        return [(1, f"{own} is not a layer: name it in tests/build/check_includes.py")]
    found = []
    for number, quote, name in lines:
        target = include_graph.resolve(path, name)
        if target is None and layer(name) in BELOW:
            target = name  # ours by its name, though not written yet
        if target:
            if target != name and layer(target) != PUBLIC_API:
                found.append((number, f'"{name}": write it from the root, "{target}"'))
            if not allowed(own, path, target):
                found.append((number, f"{own} may not include {name}"))
            continue
        for pattern, owners in OWNERS.items():
            if not re.fullmatch(pattern, name):
                continue
            if not path.startswith(owners):
                found.append((number, f"{name} belongs to {', '.join(owners) or 'nobody yet'}"))
            elif path.endswith((".h", ".hpp")) and not IN_HEADERS.match(name):
                found.append((number, f"{name} is included only in .cc files"))
        if name in NOT_PORTABLE and path.startswith(PORTABLE):
            found.append((number, f"<{name}> is not in every standard library that we build with"))
    return found


def self_test():
    """A check that cannot fail is a defect."""
    bad = [
        ("engine/base/a.h", '"', "engine/clock/stamp.h"),
        ("engine/codec/a.cc", '"', "engine/merge/merge.h"),
        ("engine/protocol/a.cc", '"', "engine/storage/database.h"),
        ("engine/storage/a.cc", '"', "schema/compiler.h"),
        ("client-core/a.cc", '"', "server/session.h"),
        ("server/a.cc", '"', "client-core/replica.h"),
        ("examples/captain/a.cc", '"', "engine/base/result.h"),
        ("examples/captain/a.cc", '"', "client-core/replica.h"),
        ("client-core/include/rollcall/a.h", '"', "engine/base/result.h"),
        ("client-core/a.cc", "<", "sqlite3.h"),
        ("engine/storage/a.h", "<", "sqlite3.h"),
        ("engine/model/a.cc", "<", "sqlite3.h"),
        ("client-core/a.h", "<", "curl/curl.h"),
        ("server/a.cc", "<", "curl/curl.h"),
        ("client-core/a.cc", "<", "boost/asio.hpp"),
        ("client-core/a.cc", "<", "sodium.h"),
        ("engine/base/a.h", "<", "coroutine"),
    ]
    good = [
        ("engine/clock/a.h", '"', "engine/base/result.h"),
        ("engine/protocol/a.h", '"', "engine/merge/merge.h"),
        ("engine/storage/a.cc", "<", "sqlite3.h"),
        ("client-core/a.cc", '"', "schema/compiler.h"),
        ("client-core/a.cc", "<", "curl/curl.h"),
        ("server/a.h", "<", "boost/asio.hpp"),
        ("server/a.h", "<", "coroutine"),
        ("engine/base/a.cc", "<", "sodium.h"),
        ("examples/captain/a.cc", '"', "examples/organizing/people.h"),
        ("examples/captain/a.cc", '"', "client-core/include/rollcall/rollcall.hpp"),
        ("client-core/a.cc", '"', "client-core/include/rollcall/rollcall.h"),
        ("tests/server/a.cc", '"', "client-core/replica.h"),
        ("tests/server/a.cc", '"', "server/session.h"),
    ]
    missed = [c for c in bad if not faults_of(c[0], [(1, c[1], c[2])])]
    refused = [c for c in good if faults_of(c[0], [(1, c[1], c[2])])]
    for path, _, name in missed:
        print(f"missed: {path} including {name}")
    for path, _, name in refused:
        print(f"refused: {path} including {name}")
    print(f"{len(bad)} faults and {len(good)} good lines tried")
    return bool(missed or refused)


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    sources = include_graph.files()
    faults = 0
    for path in sources:
        for number, what in faults_of(path, include_graph.includes(path)):
            print(f"{path}:{number}: {what}")
            faults += 1
    print(f"{len(sources)} files, {faults} faults")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
