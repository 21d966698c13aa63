"""What a replica's file tells whoever has the disk.

usage: at_rest_test.py ROLLCALL ROLLCALL_SERVER amalgamation|system|encrypted

The last says with which SQLite they were built: only with `encrypted` can a file have a key.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from server_process import Server

ROLLCALL, SERVER, SQLITE = sys.argv[1:4]
ENCRYPTS = SQLITE == "encrypted"
ANN = "018f0000-0000-7000-8000-000000000001"
SYNCED, PENDING = "Avocet Wimbrel", "heronry by the ferry"


class User:
    """One user of a device: a replica's file and a key of her own."""

    def __init__(self, folder, name, key):
        self.path = folder / f"{name}.db"
        self.key_file = folder / f"{name}.key"
        self.key_file.write_text(key + "\n")

    def run(self, *words, key_file=None):
        environment = {n: v for n, v in os.environ.items() if not n.startswith("ROLLCALL_")}
        key = [] if key_file == "" else ["--key-file", key_file or self.key_file]
        return subprocess.run([ROLLCALL, "--db", self.path, "--json", *key, *words], capture_output=True, text=True,
                              check=False, env=environment, timeout=120)

    def ok(self, *words, **how):
        done = self.run(*words, **how)
        if done.returncode != 0:
            raise AssertionError(f"{words}: exit {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def refused(self, *words, **how):
        done = self.run(*words, **how)
        if done.returncode == 0 or done.stdout:
            raise AssertionError(f"{words}: not refused: {done.stdout}")
        return json.loads(done.stderr)

    def names(self, **how):
        return [row["given_name"] for row in self.ok("sql", "SELECT given_name FROM person ORDER BY 1", **how)]

    def bytes(self):
        files = sorted(self.path.parent.glob(self.path.name + "*"))
        return b"\n".join(path.read_bytes() for path in files)


class AtRestTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = Server(SERVER, self.folder)
        self.server.load("person", [{"id": ANN, "unit": "nc/wake", "given_name": SYNCED}])
        self.server.start()
        self.addCleanup(self.server.stop)

    def user(self, name, key, *scopes, **how):
        user = User(self.folder, name, key)
        user.ok("enroll", self.server.invite(name, *scopes)["link"], **how)
        user.ok("sync", **how)
        return user

    def test_without_a_key_the_search_finds_what_the_file_holds(self):
        user = self.user("open", "", "unit/nc/wake", key_file="")
        self.assertIn(SYNCED.encode(), user.bytes())

    @unittest.skipIf(ENCRYPTS, "this build encrypts")
    def test_a_build_that_cannot_encrypt_says_so_and_makes_nothing(self):
        user = User(self.folder, "ann", "a" * 64)
        told = user.refused("enroll", self.server.invite("ann", "unit/nc/wake")["link"])
        self.assertEqual(told["error"], "invalid_argument")
        self.assertIn("ROLLCALL_SQLITE=encrypted", told["message"])
        self.assertFalse(user.path.exists())

    @unittest.skipUnless(ENCRYPTS, "built without encryption")
    def test_who_has_the_disk_and_not_the_key_has_nothing(self):
        user = self.user("ann", "a" * 64, "unit/nc/wake")
        user.ok("put", "person", json.dumps({"unit": "nc/wake", "given_name": PENDING}))
        self.assertEqual(user.names(), [SYNCED, PENDING])
        for text in (SYNCED, PENDING, "given_name", "SQLite format"):
            self.assertNotIn(text.encode(), user.bytes(), text)
        before = user.bytes()
        wrong = self.folder / "wrong.key"
        wrong.write_text("b" * 64)
        self.assertEqual(user.refused("status", key_file=wrong)["error"], "wrong_key")
        self.assertEqual(user.refused("status", key_file="")["error"], "not_a_replica")
        wrong.write_text("b" * 63)
        self.assertEqual(user.refused("status", key_file=wrong)["error"], "invalid_argument")
        self.assertEqual(user.bytes(), before)
        user.ok("sync")
        self.assertEqual(user.names(), [SYNCED, PENDING])

    @unittest.skipUnless(ENCRYPTS, "built without encryption")
    def test_the_next_user_of_a_device_sees_nothing_of_the_former(self):
        former = self.user("former", "a" * 64, "unit/nc/wake")
        after = self.user("after", "b" * 64, "unit/nc/durham")
        self.assertEqual(after.names(), [])
        self.assertEqual(former.refused("status", key_file=after.key_file)["error"], "wrong_key")
        former.key_file.unlink()  # she left, and her key with her
        self.assertEqual(former.refused("status", key_file=former.key_file)["error"], "invalid_argument")
        self.assertNotIn(SYNCED.encode(), former.bytes() + after.bytes())

    @unittest.skipUnless(ENCRYPTS, "built without encryption")
    def test_a_readable_file_is_not_taken_for_an_encrypted_one(self):
        user = self.user("open", "a" * 64, "unit/nc/wake", key_file="")
        before = user.bytes()
        self.assertEqual(user.refused("status")["error"], "wrong_key")
        self.assertEqual(user.bytes(), before)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
