"""What is told the listening team in confidence: who reads it, and that nobody else can.

usage: sealing_test.py ROLLCALL ROLLCALL_SERVER

A server, a party admin's device, listeners' devices and a kiosk are processes of their own; all that passes between them is
captured.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from server_process import Server
from wire_tap import WireTap, unpacked

ROLLCALL, SERVER = sys.argv[1:3]
EVENT = "018f0000-0000-7000-8000-000000000010"
PERSON = "018f0000-0000-7000-8000-000000000001"
SEALED = "kingfisher under the courthouse stairs"
OPEN = "heronry-by-the-ferry"
BADGE = "Avocet Wimbrel"
LISTENER = ("unit/nc/wake=listener", "team/listening=listener")


def forms(text):
    """How a text could stand in a file or on the wire without being encrypted."""
    raw = text.encode()
    found = [raw, raw.hex().encode(), text.encode("utf-16-le")]
    for shift in range(3):  # in the midst of base64, the text begins at one of three places
        coded = base64.b64encode(b"\0" * shift + raw + b"\0" * ((-len(raw) - shift) % 3))
        found.append(coded[(shift * 8 + 5) // 6 : len(raw) * 8 // 6])
    return found + [form.replace(b"+", b"-").replace(b"/", b"_") for form in found]


def holds(data, text):
    return any(form in data for form in forms(text))


class LoggingServer(Server):
    """Tells everything that it has to tell, into a file."""

    def start(self):
        self.log = self.folder.parent / "serve.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", str(self.folder), "--listen", f"127.0.0.1:{self.port}", "--log", "debug"],
                stdout=subprocess.PIPE, stderr=log, text=True)
        self.port = int(self.process.stdout.readline().rpartition(":")[2])


class Device:
    def __init__(self, folder, name):
        self.name = name
        self.folder = folder / name  # all that this device has
        self.folder.mkdir()
        self.path = self.folder / "replica.db"

    def run(self, *words, said=None):
        environment = {name: value for name, value in os.environ.items() if name != "ROLLCALL_DB"}
        return subprocess.run([ROLLCALL, "--db", self.path, "--json", *map(str, words)], capture_output=True, text=True,
                              input=said or "", check=False, env=environment, timeout=120)

    def ok(self, *words, said=None):
        done = self.run(*words, said=said)
        if done.returncode != 0:
            raise AssertionError(f"{self.name} {words}: exit {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def one(self, *words, said=None):
        (only,) = self.ok(*words, said=said)
        return only

    def refused(self, *words, said=None):
        done = self.run(*words, said=said)
        if done.returncode == 0 or done.stdout:
            raise AssertionError(f"{self.name} {words}: not refused: {done.stdout}")
        return json.loads(done.stderr)

    def file(self, name, *lines):
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def bytes(self):
        return b"\n".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())


class SealingTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = LoggingServer(SERVER, self.folder)
        self.server.load("unit", [{"path": "nc/wake", "kind": "county", "name": "Wake"}])
        self.server.load("event", [{"id": EVENT, "title": {"en": "Tour"}, "hosts": ["nc/wake"], "starts_at": 1}])
        self.server.load("registration", [{"event": EVENT, "person": PERSON, "unit": "nc/wake", "badge_name": BADGE}])
        self.server.start()
        self.addCleanup(self.server.stop)
        self.tap = WireTap(self.server.port)
        self.addCleanup(self.tap.stop)
        self.admin = self.device("admin", "unit/nc=party-admin", "team/listening=party-admin")
        self.admin_key = self.admin.one("keys", "admin", self.admin.folder / "admin.key")["admin"]

    def device(self, name, *scopes):
        device = Device(self.folder, name)
        link = self.server.invite(name, *scopes)["link"]
        device.ok("enroll", link.replace(f":{self.server.port}/", f":{self.tap.port}/"))
        device.ok("sync")
        return device

    def listener(self, name):
        device = self.device(name, *LISTENER)
        device.key = device.one("keys", "new", "--admin", self.admin_key)["key"]
        return device

    def team(self, *changes):
        """The admin signs a version; what was told."""
        told = self.admin.ok("keys", "team", "--admin-file", self.admin.folder / "admin.key", *changes)
        self.admin.ok("sync")
        return told

    def add(self, *devices):
        return self.team(*[word for device in devices for word in ("--add", f"{device.key}={device.name}")])

    def sync(self, *devices):
        for device in devices:
            device.ok("sync")

    def server_bytes(self):
        """Every file of the server, its log, and what of them is compressed."""
        files = [path for path in self.server.folder.rglob("*") if path.is_file()]
        self.assertTrue(any(path.name.endswith("-wal") and path.stat().st_size > 0 for path in files), files)
        self.assertTrue(any(path.suffix == ".rollcall" for path in files), files)
        self.assertGreater(self.server.log.stat().st_size, 0)
        return unpacked(b"\n".join(path.read_bytes() for path in [*files, self.server.log]))

    def test_nobody_but_the_team_can_read_a_grievance_wherever_one_looks(self):
        ann, ben = self.listener("ann"), self.listener("ben")
        kiosk = self.device("kiosk", f"event/{EVENT}=kiosk", "unit/nc/wake=kiosk")
        self.add(ann, ben)
        self.sync(ann, ben)
        grievance = ann.one("grievance", "record", "nc/wake", "--themes", OPEN, "--stop", EVENT, said=SEALED)["id"]
        # Once more inside another text: the search is not for one layout of the words.
        ann.one("grievance", "record", "nc/wake", "--reporter", SEALED, said="See who says it.")
        self.sync(ann, ben, kiosk, self.admin)
        page = ben.one("grievance", "open", grievance)
        self.assertEqual((page["text"], page["writer"], page["resealed"]), (SEALED, "ann", ""))

        places = {"server": self.server_bytes(), "wire": self.tap.captured(), "kiosk": kiosk.bytes(),
                  "admin": self.admin.bytes(), "ann": ann.bytes(), "ben": ben.bytes()}
        for place, data in places.items():
            self.assertFalse(holds(data, SEALED), place)
        # The search can fail: what is not sealed is found wherever it went, and only there.
        self.assertEqual({place for place, data in places.items() if holds(data, OPEN)},
                         {"server", "wire", "ann", "ben"})
        self.assertIn("kiosk", {place for place, data in places.items() if holds(data, BADGE)})
        # Nor is there a key: not the team's list, not one that opens anything.
        with sqlite3.connect(kiosk.path) as file:
            for table in ("_grievance", "_grievance_reseal", "_sealing_team"):
                self.assertEqual(file.execute(f"SELECT count(*) FROM {table}").fetchone(), (0,), table)
            self.assertEqual(file.execute("SELECT 1 FROM sqlite_schema WHERE name = '_private'").fetchall(), [])
        with sqlite3.connect(ben.path) as file:
            self.assertEqual(file.execute("SELECT count(*) FROM _grievance").fetchone(), (2,))
            secret = file.execute("SELECT value FROM _private").fetchone()[0]
        secret = secret[secret.index(b"\x58\x20") + 2 :][:32]
        self.assertEqual({place for place, data in places.items() if secret in data}, {"ben"})

    def test_a_secret_of_this_device_is_read_by_no_query(self):
        ann = self.listener("ann")
        self.assertIn("_private", ann.refused("sql", "SELECT * FROM _private")["message"])

    def test_plain_text_never_gets_into_a_sealed_field(self):
        ann = self.listener("ann")
        plain = base64.urlsafe_b64encode(SEALED.encode() * 60).rstrip(b"=").decode()
        fields = json.dumps({"unit": "nc/wake", "at": 1, "body": plain})
        self.assertEqual(ann.refused("put", "grievance", fields)["error"], "bad_value")

    def test_who_leaves_reads_nothing_new_and_who_comes_reads_what_a_colleague_opened(self):
        ann, ben, cal = (self.listener(name) for name in ("ann", "ben", "cal"))
        self.add(ann, ben)
        self.sync(ann, ben)
        old = ann.one("grievance", "record", "nc/wake", "before", "--wishes", "no call")["id"]
        self.sync(ann)
        self.team("--remove", "ben", "--add", f"{cal.key}=cal")
        self.sync(ann, ben, cal)
        new = ann.one("grievance", "record", "nc/wake", "after")["id"]
        self.sync(ann, ben, cal)
        self.assertEqual(ben.refused("grievance", "open", new)["error"], "not_allowed")
        self.assertEqual(ben.one("grievance", "open", old)["text"], "before")
        self.assertEqual(cal.refused("grievance", "open", old)["error"], "not_allowed")
        self.assertEqual(cal.one("grievance", "open", new)["text"], "after")

        opened = ann.one("grievance", "open", old)
        self.assertNotEqual(opened["resealed"], "", "the next listener who opens it seals it anew")
        self.assertEqual(ann.one("grievance", "open", old)["resealed"], "", "once")
        self.sync(ann, ben, cal)
        page = cal.one("grievance", "open", old)
        self.assertEqual((page["text"], page["wishes"], page["writer"], page["sealed_by"], page["version"]),
                         ("before", "no call", "ann", "ann", 2))
        self.assertEqual([line["opens"] for line in cal.ok("grievance", "list")], [True, True])
        self.assertEqual([line["opens"] for line in ben.ok("grievance", "list")], [True, False])

    def test_who_left_cannot_seal_anew_in_the_teams_name_nor_be_resealed_to(self):
        ann, ben = self.listener("ann"), self.listener("ben")
        self.add(ann, ben)
        self.sync(ann, ben)
        old = ann.one("grievance", "record", "nc/wake", "before")["id"]
        self.sync(ann)
        self.team("--remove", "ben")
        late = ben.one("grievance", "record", "nc/wake", "late")["id"]
        self.sync(ben, ann)
        self.assertEqual(ben.one("grievance", "open", old)["resealed"], "")
        self.assertEqual(ann.one("grievance", "open", late)["writer"], "ben (who left the team)")

    def test_a_list_that_the_admin_did_not_sign_is_refused_and_told(self):
        ann, ben = self.listener("ann"), self.listener("ben")
        self.add(ann)
        self.sync(ann)
        thief = self.device("thief", "team/listening=party-admin", "unit/nc/wake=listener")
        thief.one("keys", "admin", thief.folder / "thief.key")
        thief.ok("keys", "team", "--admin-file", thief.folder / "thief.key", "--add", f"{ben.key}=ben")
        thief.ok("sync")
        self.sync(ann)
        shown = ann.one("keys", "show")
        self.assertEqual([member["label"] for member in shown["members"]], ["ann"])
        self.assertEqual(len(shown["refused"]), 1)
        grievance = ann.one("grievance", "record", "nc/wake", SEALED)["id"]
        self.sync(ann, ben)
        self.assertEqual(ben.refused("grievance", "open", grievance)["error"], "not_allowed")

    def test_the_printed_key_or_two_admins_together_recover_what_was_told(self):
        ann = self.listener("ann")
        told = self.add(ann)
        recovery, (first, second) = told[0]["recovery"], told[0]["halves"]
        self.assertNotIn(recovery.encode(), self.admin.bytes() + self.server_bytes() + self.tap.captured())
        self.assertEqual(len(self.team("--add", f"{self.listener('ben').key}=ben")), 1, "it is told once")
        self.sync(ann)
        grievance = ann.one("grievance", "record", "nc/wake", SEALED, "--no-copy")["id"]
        self.sync(ann)
        desk = self.listener("desk")  # in no team: its own key opens nothing
        self.assertEqual(desk.refused("grievance", "open", grievance)["error"], "not_allowed")
        for name, lines in [("whole", [recovery]), ("both", [second, first])]:
            page = desk.one("grievance", "open", grievance, "--recovery", desk.file(name, *lines))
            self.assertEqual(page["text"], SEALED)
        slip = recovery[:-1] + ("Y" if recovery.endswith("Z") else "Z")
        for name, lines in [("half", [first]), ("twice", [second, second]), ("slip", [slip])]:
            desk.refused("grievance", "open", grievance, "--recovery", desk.file(name, *lines))

    def test_where_the_admin_is_lost_the_recovery_key_names_another_and_the_old_one_is_out(self):
        ann = self.listener("ann")
        halves = self.add(ann)[0]["halves"]
        self.sync(ann)
        heir = self.device("heir", "unit/nc=party-admin", "team/listening=party-admin")
        heir.one("keys", "new", "--admin", self.admin_key)
        new_key = heir.one("keys", "admin", heir.folder / "heir.key")["admin"]
        bea = self.listener("bea")
        succeed = ["keys", "succeed", "--admin-file", heir.folder / "heir.key", "--recovery"]
        heir.refused(*succeed, heir.file("half", halves[0]))
        heir.ok(*succeed, heir.file("both", *halves), "--add", f"{bea.key}=bea")
        heir.ok("sync")
        self.sync(ann, self.admin)
        shown = ann.one("keys", "show")
        self.assertEqual((shown["admin"], shown["version"], len(shown["members"])), (new_key, 2, 2))
        old = self.admin.refused("keys", "team", "--admin-file", self.admin.folder / "admin.key", "--remove", "bea")
        self.assertEqual(old["error"], "not_allowed")

    def test_commands_tell_the_keys_that_are_documented(self):
        documented = {}
        for line in (ROOT / "examples" / "captain" / "CLI.md").read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 3 and re.match(r"`(keys|grievance) ", cells[0]):
                documented[re.match(r"`([a-z]+ [a-z]+)", cells[0])[1]] = set(re.sub(r"\(.*?\)", "", cells[2]).replace(" ", "").split(","))
        ann = self.device("ann", *LISTENER)
        told = {"keys new": ann.one("keys", "new", "--admin", self.admin_key)}
        ann.key = told["keys new"]["key"]
        told["keys team"] = self.add(ann)[-1]
        self.sync(ann)
        told["keys show"] = ann.one("keys", "show")
        told["grievance record"] = ann.one("grievance", "record", "nc/wake", "x")
        told["grievance open"] = ann.one("grievance", "open", told["grievance record"]["id"])
        told["grievance list"] = ann.one("grievance", "list")
        told["keys admin"] = ann.one("keys", "admin", ann.folder / "other.key")
        for command, keys in told.items():
            self.assertEqual(set(keys), documented[command], command)
        self.assertEqual(set(documented) - set(told), {"keys succeed"})
        self.assertEqual((ann.folder / "other.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual(ann.refused("keys", "admin", ann.folder / "other.key")["error"], "already_exists")
        self.assertEqual(ann.refused("keys", "new", "--admin", self.admin_key)["error"], "already_exists")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
