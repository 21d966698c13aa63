#!/usr/bin/env python3
"""Breaks one line of the program at a time and expects a test to notice.

usage: run.py BUILD_FOLDER [NAME...]

Each mutant is one line of one source, replaced. It is compiled as its build folder compiles it, linked
in front of the library that it belongs to, and its test must fail; a mutant that survives fails this
run. The sources themselves are not touched.
"""
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEAKS = ("leak_test", {"ROLLCALL_LEAK_FIRST": "1", "ROLLCALL_LEAK_WORLDS": "400"})

# name, file with the line, sources to compile, library, what stands there, what shall stand there
MUTANTS = [
    ("authorize: any role may insert anywhere", "server/space/authority.h",
     ["server/space/transaction_judge.cc"],
     "if (is_new && wish.anywhere != 0)", "if (is_new)"),
    ("authorize: a right to change one field is one to change all", "server/space/authority.cc",
     ["server/space/authority.cc"],
     "return rights->update && rights->update->has(field);", "return rights->update.has_value();"),
    ("authorize: inserts may give fields that the role may not", "server/space/authority.cc",
     ["server/space/authority.cc"],
     "return rights->insert && (field == deleted_field_id || rights->insert->has(field));",
     "return rights->insert.has_value();"),
    ("authorize: the row before is not looked at", "server/space/transaction_judge.cc",
     ["server/space/transaction_judge.cc"],
     "if (ruling.standing != Authority::Standing::allowed) return refuse(ruling, collection);", ""),
    ("authorize: the row after is not looked at", "server/space/transaction_judge.cc",
     ["server/space/transaction_judge.cc"],
     "if (moves_something && !may_write(wish, collection, !loaded.found)) return false;", ""),
    ("authorize: guarded references are not looked at", "server/space/transaction_judge.cc",
     ["server/space/transaction_judge.cc"],
     "if (accepted && !references_.empty()) {", "if (false) {"),
    ("authorize: a grant that ended still counts", "server/space/authority.h",
     ["server/space/transaction_judge.cc"],
     "if (allows(then, then.bit(grant.role))) best = Standing::lost;",
     "if (allows(then, then.bit(grant.role))) return Standing::allowed;"),
    ("visible: a path counts under every grant", "server/space/scope_view.cc",
     ["server/space/scope_view.cc"],
     "if (covers(grant.path, name)) view.roles |= roles_.bit(grant.role);",
     "view.roles |= roles_.bit(grant.role);"),
    ("visible: whole rows carry every field", "server/space/row_packer.cc",
     ["server/space/row_packer.cc"], "if (view.all) {", "if (true) {"),
    ("visible: what is kept apart is not filtered", "server/space/row_packer.cc",
     ["server/space/row_packer.cc"],
     "if (!std::binary_search(fields_.begin(), fields_.end(), *field)) {", "if (false) {"),
    ("visible: rows of hidden collections are counted and named", "server/space/entry_scan.cc",
     ["server/space/entry_scan.cc"],
     "if ((snapshot.roles().book().showing(collection.id) & *role) == 0) continue;", ""),
]


def compile_commands(build):
    entries = json.loads((build / "compile_commands.json").read_text())
    return {os.path.relpath(e["file"], ROOT): e for e in entries}


def link_command(build, target):
    shown = subprocess.run(["ninja", "-C", build, "-t", "commands", target], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    link = next(line for line in reversed(shown) if f"/{target} " in line and " -o " in line)
    # CMake wraps it as ": && LINK && :".
    return link.removeprefix(": && ").removesuffix(" && :").split(" && ")[0]


def make(build, folder, commands, file, sources, before, after):
    text = (ROOT / file).read_text()
    if text.count(before) != 1:
        raise SystemExit(f"{file}: this line stands there {text.count(before)} times: {before}")
    broken = folder / "tree" / file
    broken.parent.mkdir(parents=True)
    broken.write_text(text.replace(before, after))
    objects = []
    for source in sources:
        entry = commands[source]
        words = shlex.split(entry["command"])
        out = folder / (source.replace("/", "_") + ".o")
        words[words.index("-o") + 1] = str(out)
        words[words.index("-c") + 1] = str(broken if source == file else ROOT / source)
        for flag in ("-MT", "-MF"):
            if flag in words:
                at = words.index(flag)
                del words[at:at + 2]
        words = [w for w in words if w not in ("-MD", "-Werror", "-Wall", "-Wextra")]
        # In front of the tree's own: headers are included by their path from the root.
        words.insert(words.index("-c"), f"-I{folder / 'tree'}")
        at = next(i for i, w in enumerate(words) if w == f"-I{ROOT}")
        words.insert(at, words.pop(words.index(f"-I{folder / 'tree'}")))
        subprocess.run(words, cwd=entry["directory"], check=True)
        objects.append(str(out))
    return objects


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    commands = compile_commands(build)
    target, environment = LEAKS
    link = shlex.split(link_command(build, target))
    survived = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, file, sources, before, after) in enumerate(MUTANTS):
            if wanted and name not in wanted:
                continue
            folder = pathlib.Path(scratch) / str(number)
            folder.mkdir()
            objects = make(build, folder, commands, file, sources, before, after)
            words = list(link)
            program = folder / target
            words[words.index("-o") + 1] = str(program)
            words[words.index("-o"):words.index("-o")] = objects
            subprocess.run(words, cwd=build, check=True)
            run = subprocess.run([program], env={**os.environ, **environment}, capture_output=True)
            # By the test, or by a check of the program itself, which aborts.
            failed = run.returncode == 1 and b"[  FAILED  ]" in run.stdout
            caught = failed or run.returncode == -signal.SIGABRT
            survived += not caught
            print(f"{'caught  ' if caught else 'SURVIVED'}  {name}", flush=True)
    if survived:
        raise SystemExit(f"{survived} planted faults went unseen")


if __name__ == "__main__":
    main()
