"""Runs one command for each file that has changed since the command last passed on it."""

import concurrent.futures
import json
import subprocess
import sys

import include_graph


def run(name, sources, command_of, key_of, jobs, env=None):
    """Runs command_of(path) for each source that has no recorded pass. Returns those that failed.

    A pass is recorded in build/`name`.passed.json under a hash of the file, everything of ours that
    it includes, and key_of(path), which stands for the tool and its options.
    """
    record = include_graph.ROOT / "build" / f"{name}.passed.json"
    try:
        passed = json.loads(record.read_text())
    except (OSError, ValueError):
        passed = {}
    prints = {path: include_graph.fingerprint(path, key_of(path)) for path in sources}
    todo = [path for path in sources if passed.get(path) != prints[path]]

    def attempt(path):
        return path, subprocess.run(command_of(path), cwd=include_graph.ROOT, env=env, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    failed = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in concurrent.futures.as_completed(pool.submit(attempt, path) for path in todo):
            path, result = done.result()
            if result.returncode == 0:
                passed[path] = prints[path]
            else:
                failed.append(path)
                print(f"--- {path}\n{result.stdout}", flush=True)
            record.parent.mkdir(exist_ok=True)
            fresh = record.with_suffix(".new")
            fresh.write_text(json.dumps(passed, indent=0, sort_keys=True))
            fresh.replace(record)
    print(f"{name}: {len(sources)} files, {len(todo)} changed, {len(failed)} failed")
    return sorted(failed)


def version_of(program):
    try:
        return subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"{program} is missing or does not run: ./dev deps installs it")
