"""The include lines of our sources, and what each file includes directly or through others."""

import functools
import hashlib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("engine", "schema", "client-core", "server", "examples", "tests")
SUFFIXES = (".h", ".hpp", ".cc", ".c")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def files(folders=FOLDERS, suffixes=SUFFIXES):
    """Our sources below these folders, as paths from the repository's root, in order."""
    found = []
    for folder in folders:
        found += [p for p in (ROOT / folder).rglob("*") if p.suffix in suffixes]
    return sorted(p.relative_to(ROOT).as_posix() for p in found)


@functools.lru_cache(maxsize=None)
def content(path):
    return (ROOT / path).read_bytes()


@functools.lru_cache(maxsize=None)
def includes(path):
    """(line number, '<' or '"', name) of each include line of a file."""
    lines = content(path).decode("utf-8", "replace").splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match:
            found.append((number, match.group(1), match.group(2)))
    return tuple(found)


def resolve(path, name):
    """The file of ours that an include names, or None where it is someone else's."""
    for candidate in (name, "client-core/include/" + name):
        if (ROOT / candidate).is_file():
            return candidate
    beside = (pathlib.PurePosixPath(path).parent / name).as_posix()
    return beside if (ROOT / beside).is_file() else None


def closure(path):
    """The file and every file of ours that it includes, directly or not."""
    seen, left = set(), [path]
    while left:
        at = left.pop()
        if at in seen:
            continue
        seen.add(at)
        left += [f for f in (resolve(at, name) for _, _, name in includes(at)) if f]
    return sorted(seen)


def fingerprint(path, *more):
    """A hash of the file, of all it includes of ours, and of whatever else decides the outcome."""
    digest = hashlib.sha256()
    for extra in more:
        digest.update(str(extra).encode() + b"\0")
    for each in closure(path):
        digest.update(each.encode() + b"\0" + content(each) + b"\0")
    return digest.hexdigest()


def sources_of(names):
    """The files that a command line named, or all that are compiled."""
    if not names:
        return files(suffixes=(".cc",))
    chosen = []
    for name in names:
        path = pathlib.Path(name).resolve()
        if not path.is_file() or ROOT not in path.parents:
            sys.exit(f"{name}: not a file of this repository")
        chosen.append(path.relative_to(ROOT).as_posix())
    return chosen
