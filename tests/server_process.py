"""A rollcall-server of a test's own: a folder, the organizing schema, a free loopback port."""

import json
import pathlib
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schema" / "organizing"


class Server:
    def __init__(self, program, folder):
        self.program = pathlib.Path(program)
        self.folder = pathlib.Path(folder) / "server"
        self.port = 0  # from the first start on, the same one
        self.process = None
        self.command("init", self.folder, "--schema", SCHEMA)
        self.command("space", "add", self.folder, "nc", "--name", "North Carolina")

    def command(self, *words):
        """Runs `rollcall-server words…`; what it printed."""
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"rollcall-server {words}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "serve", str(self.folder), "--listen", f"127.0.0.1:{self.port}", "--log", "error"],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()  # said once it listens
        self.port = int(line.rpartition(":")[2])

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def invite(self, label, *scopes):
        """An invitation's link and code. The server must be running: links carry its address."""
        words = ["invite", self.folder, "nc", "--label", label, "--json"]
        for scope in scopes:
            words += ["--scope", scope]
        return json.loads(self.command(*words))

    def grant(self, device, scope):
        self.command("device", "grant", self.folder, "nc", device, "--scope", scope)

    def ungrant(self, device, scope):
        self.command("device", "ungrant", self.folder, "nc", device, "--scope", scope)

    def digest(self, scope=None):
        words = ["digest", self.folder, "nc", "--json"] + (["--scope", scope] if scope else [])
        return json.loads(self.command(*words))["digest"]

    def load(self, collection, rows):
        """Writes rows (dicts) as a file and imports it."""
        path = self.folder.parent / f"{collection}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        self.command("import", self.folder, "nc", collection, path)
