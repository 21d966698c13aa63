"""A server's folder and two replicas with unsent work, written by a release before roles (formats 1),
go on with this one: tests/fixtures/store-of-format-1.tar.xz.

usage: upgrade_test.py ROLLCALL ROLLCALL_SERVER
"""

import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from server_process import Server

ROLLCALL, SERVER = sys.argv[1:3]
FIXTURE = ROOT / "tests" / "fixtures" / "store-of-format-1.tar.xz"
SCHEMA = ROOT / "schema" / "organizing"
PERSON = "01a208ee-5642-7622-8e6d-6ccca795a204"


class OldServer(Server):
    """The folder that is there already."""

    def __init__(self, program, folder):  # pylint: disable=super-init-not-called
        self.program = pathlib.Path(program)
        self.folder = pathlib.Path(folder) / "server"
        self.port = 0
        self.process = None


class UpgradeTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        with tarfile.open(FIXTURE) as archive:
            archive.extractall(self.folder, filter="data")
        self.server = OldServer(SERVER, self.folder)
        self.addCleanup(self.server.stop)

    def run_on(self, name, *words):
        done = subprocess.run([ROLLCALL, "--db", self.folder / f"{name}.db", "--json", *words],
                              capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, f"{name} {words}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def reach(self, name):
        """Its server answers at another port than it was enrolled at."""
        with sqlite3.connect(self.folder / f"{name}.db") as file:
            file.execute("UPDATE _identity SET url = ?", (self.server.url,))
        file.close()

    def test_nothing_that_was_there_or_unsent_is_lost(self):
        # Whoever only looks comes first.
        devices = self.server.command("device", "list", self.server.folder, "nc").splitlines()
        self.assertEqual(len(devices), 2)
        self.server.start()
        for name in ("ann", "ben"):
            self.reach(name)
        self.assertEqual(self.run_on("ann", "status")[0]["pending"], 1)
        self.assertEqual(self.run_on("ben", "status")[0]["pending"], 2)
        for name in ("ann", "ben", "ann"):
            self.run_on(name, "sync")
        for name in ("ann", "ben"):
            person = self.run_on(name, "get", "person", PERSON)[0]
            self.assertEqual(person["given_name"], "Zoë")
            self.assertEqual(person["family_name"], "Vance-Ortiz")
            self.assertEqual(person["phones"], ["+19195550100"])
            self.assertEqual(self.run_on(name, "status")[0]["pending"], 0)
            self.assertEqual(len(self.run_on(name, "people", "show", PERSON)[0]["contacts"]), 1)

        # The next schema, with roles: its grants go on, and what is new works.
        self.server.command("schema", "apply", self.server.folder, SCHEMA)
        self.server.command("device", "grant", self.server.folder, "nc", "Ann's phone", "--scope", "event/1=kiosk")
        self.run_on("ann", "set", "person", PERSON, "preferred_name=Z")
        for name in ("ann", "ben"):
            self.run_on(name, "sync")
        self.assertEqual(self.run_on("ben", "get", "person", PERSON)[0]["preferred_name"], "Z")
        version = json.loads((SCHEMA / "schema.json").read_text())["version"]
        self.assertEqual(self.run_on("ben", "status")[0]["schema_version"], version)
        self.assertIsNotNone(self.run_on("ann", "status")[0]["lease_until_ms"])
        digests = {self.run_on(name, "digest", "--scope", "unit", "--content")[0]["digest"] for name in ("ann", "ben")}
        self.assertEqual(len(digests), 1)
        self.assertIn("all is right", self.server.command("verify", self.server.folder))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
