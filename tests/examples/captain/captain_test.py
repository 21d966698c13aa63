"""The terminal program as people and scripts use it: every command, key, exit status and stream of CLI.md.

usage: captain_test.py ROLLCALL ROLLCALL_SERVER
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
from server_process import Server

ROLLCALL, SERVER = sys.argv[1:3]
DONE, FAILED, USAGE, UNREACHABLE, WAITING = range(5)
WAKE = "unit/nc/wake"


def numbered(n):
    return f"018f0000-0000-7000-8000-{n:012d}"


ZOE, BEN, EVENT, OFFERING, COURSE = (numbered(n) for n in (1, 2, 10, 20, 21))

PEOPLE = [{"id": ZOE, "unit": "nc/wake/1", "given_name": "Zoë", "family_name": "Okafor", "phones": ["919 555 0100"]},
          {"id": BEN, "unit": "nc/wake/2", "given_name": "Ben", "family_name": "Nadir"}]
UNITS = [{"path": "nc/wake", "kind": "county", "name": "Wake"},
         {"path": "nc/wake/1", "kind": "precinct", "name": "One"},
         {"path": "nc/wake/2", "kind": "precinct", "name": "Two"}]
EVENTS = [{"id": EVENT, "title": {"en": "Spring"}, "kind": "conference", "hosts": ["nc/wake"], "venue": "Hall 1",
           "starts_at": 2000, "status": "published"}]
REGISTRATIONS = [{"event": EVENT, "person": ZOE, "unit": "nc/wake/1", "code": "NC1"}]
COURSES = [{"id": COURSE, "title": {"en": "Captains 101"}}]
OFFERINGS = [{"id": OFFERING, "course": COURSE, "unit": "nc/wake", "title": {"en": "Captains 101"}, "starts_at": 3000}]


def documented_keys():
    """The keys of CLI.md's table, by the command's first words; only the cells that list keys."""
    keys = {}
    for line in (ROOT / "examples" / "captain" / "CLI.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 3 or not cells[0].startswith("`"):
            continue
        names = re.sub(r"\(.*\)", "", cells[2]).split(", ")
        if all(re.fullmatch(r"[a-z_]+", name.strip()) for name in names):
            keys[re.match(r"[a-z]+( [a-z]+)?", cells[0][1:])[0]] = {name.strip() for name in names}
    return keys


KEYS = documented_keys()


class Device:
    """One replica's file and what the program says about it."""

    def __init__(self, path):
        self.path = path

    def run(self, *words, db=True):
        environment = {name: value for name, value in os.environ.items() if name != "ROLLCALL_DB"}
        command = [ROLLCALL, *(["--db", self.path] if db else []), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
        assert "\x1b" not in done.stdout + done.stderr, f"{words}: colour without a terminal"
        return done

    def ok(self, *words):
        done = self.run(*words)
        if done.returncode != DONE:
            raise AssertionError(f"{words}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def objects(self, *words):
        return [json.loads(line) for line in self.ok("--json", *words).splitlines()]

    def object(self, *words):
        (only,) = self.objects(*words)
        return only


class CaptainTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = Server(SERVER, self.folder)
        for collection, rows in [("unit", UNITS), ("person", PEOPLE), ("event", EVENTS),
                                 ("registration", REGISTRATIONS), ("course", COURSES), ("offering", OFFERINGS)]:
            self.server.load(collection, rows)
        self.server.start()
        self.addCleanup(self.server.stop)

    def device(self, name="first", *scopes):
        device = Device(self.folder / f"{name}.db")
        device.ok("enroll", self.server.invite(name, *(scopes or (WAKE, f"event/{EVENT}")))["link"])
        self.assertIn(device.run("sync").returncode, (DONE, WAITING))
        return device

    def assert_refused(self, done, status, *words):
        """One line on stderr, nothing on stdout."""
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("rollcall: "), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def assert_keys(self, command, found):
        self.assertEqual(set(found), KEYS[command])

    # The face of each command

    def test_enrolling_tells_who_one_is_and_works_once(self):
        device = Device(self.folder / "new.db")
        invitation = self.server.invite("Zoë's phone", WAKE)
        self.assertLessEqual({"link", "code", "expires"}, set(invitation))
        status = device.object("enroll", invitation["link"])
        self.assert_keys("status", status)
        self.assertEqual((status["label"], status["space"]), ("Zoë's phone", "nc"))
        again = Device(self.folder / "again.db")
        self.assert_refused(again.run("enroll", invitation["link"]), FAILED)
        self.assertFalse(again.path.exists())
        self.assert_refused(device.run("enroll", invitation["link"]), FAILED, str(device.path))

    def test_a_typed_code_enrols(self):
        device = Device(self.folder / "typed.db")
        code = self.server.invite("typed", WAKE)["code"]
        said = device.ok("enroll", "--server", self.server.url, "--space", "nc", "--code", code.lower())
        self.assertIn("rollcall sync", said)

    def test_status_tells_what_waits_and_what_was_synced(self):
        device = self.device()
        before = device.object("status")
        self.assert_keys("status", before)
        self.assertEqual((before["pending"], before["conflicts"], before["rejected"]), (0, 0, 0))
        self.assertGreater(before["last_sync_ms"], 0)
        device.ok("set", "person", ZOE, "address=1 Elm St")
        self.assertEqual(device.object("status")["pending"], 1)
        self.assertRegex(device.ok("status"), r"not yet sent +1 transaction\n")

    def test_sync_tells_what_went_over_the_wire(self):
        device = self.device()
        device.ok("set", "person", ZOE, "address=1 Elm St")
        told = device.object("sync")
        self.assert_keys("sync", told)
        self.assertEqual((told["pushed"], told["pending"]), (1, 0))
        self.assertGreater(told["sent"], 0)
        self.assertEqual(told["digest"], device.object("digest")["digest"])

    def test_rows_are_put_changed_read_and_deleted(self):
        device = self.device()
        put = device.object("put", "person", json.dumps({"unit": "nc/wake/1", "given_name": "Ada"}))
        self.assert_keys("put", put)
        self.assertRegex(device.ok("put", "person", '{"unit": "nc/wake/1"}'), r"^[0-9a-f-]{36}\n$")
        changed = device.object("set", "person", put["id"], "given_name=Ada Maria", "phones+=1", "phones+=2", "phones-=1")
        self.assert_keys("set", changed)
        row = device.object("get", "person", put["id"])
        self.assertEqual((row["given_name"], row["phones"]), ("Ada Maria", ["2"]))
        device.ok("set", "person", put["id"], "given_name=null")
        self.assertIsNone(device.object("get", "person", put["id"])["given_name"])
        self.assertNotIn("given_name", device.ok("get", "person", put["id"]))
        self.assert_keys("delete", device.object("delete", "person", put["id"]))
        self.assert_refused(device.run("get", "person", put["id"]), FAILED, put["id"])

    def test_sql_reads_and_only_reads(self):
        device = self.device()
        self.assertEqual(device.objects("sql", "SELECT given_name AS g FROM person ORDER BY 1"), [{"g": "Ben"}, {"g": "Zoë"}])
        self.assert_refused(device.run("sql", "DELETE FROM person"), FAILED)
        self.assert_refused(device.run("sql", "SELECT nothing FROM nowhere"), FAILED, "nowhere")
        self.assertEqual(device.object("sql", "SELECT count(*) AS n FROM person"), {"n": 2})

    def test_people_are_found_by_the_beginnings_of_folded_names(self):
        device = self.device()
        (found,) = device.objects("people", "find", "zo oka")
        self.assert_keys("people find", found)
        self.assertEqual(found["id"], ZOE)
        self.assertIn("Zoë Okafor", device.ok("people", "find", "ZOE"))
        self.assertEqual(device.objects("people", "find", "nobody"), [])

    def test_a_contact_is_logged_and_shown_with_the_person(self):
        device = self.device()
        self.assert_keys("log", device.object("log", ZOE, "door", "home", "will come"))
        shown = device.object("people", "show", ZOE)
        self.assertEqual(shown["given_name"], "Zoë")
        self.assertEqual([contact["note"] for contact in shown["contacts"]], ["will come"])
        self.assertIn("will come", device.ok("people", "show", ZOE))
        self.assert_refused(device.run("log", ZOE, "telepathy", "home"), FAILED, "telepathy")
        self.assert_refused(device.run("log", numbered(99), "door", "home"), FAILED, numbered(99))

    def test_the_roster_shows_who_leads_and_where_nobody_does(self):
        device = self.device()
        device.ok("put", "role_assignment", json.dumps({"unit": "nc/wake/1", "person": ZOE, "role": "captain", "status": "confirmed"}))
        roster = device.objects("roster")
        for line in roster:
            self.assert_keys("roster", line)
        self.assertEqual([line["unit"] for line in device.objects("roster", "--vacancies")], ["nc/wake/2"])
        self.assertIn("Zoë Okafor", device.ok("roster"))

    def test_a_check_in_admits_once_and_shows_the_double(self):
        device = self.device()
        first = device.object("checkin", EVENT, "NC1", "--gate", "north")
        self.assert_keys("checkin", first)
        self.assertEqual(first["result"], "admitted")
        second = device.object("checkin", EVENT, ZOE)
        self.assertEqual((second["result"], second["first_gate"]), ("double", "north"))
        (event,) = device.objects("events")
        self.assert_keys("events", event)
        self.assertEqual((event["registered"], event["admitted"], event["doubles"]), (1, 1, 1))
        self.assertEqual(device.object("status")["doubles"], 1)
        nobody = device.run("--json", "checkin", EVENT, "NC9")
        self.assertEqual((nobody.returncode, json.loads(nobody.stdout)["result"]), (FAILED, "not_registered"))

    def test_a_training_record_climbs(self):
        device = self.device()
        record = device.object("train", OFFERING, ZOE, "enrolled")
        self.assert_keys("train", record)
        self.assertEqual(device.object("train", OFFERING, ZOE, "completed"), record)
        (training,) = device.objects("trainings")
        self.assert_keys("trainings", training)
        self.assertEqual((training["enrolled"], training["completed"]), (1, 1))
        self.assert_refused(device.run("train", OFFERING, ZOE, "enlightened"), FAILED, "enlightened")

    def test_digests_of_device_and_server_are_equal(self):
        device = self.device()
        self.assert_keys("digest", device.object("digest"))
        self.assertEqual(device.object("digest", "--scope", WAKE)["digest"], self.server.digest(WAKE))
        self.assertEqual(device.object("digest", "--scope", WAKE, "--content")["digest"], self.server.digest(WAKE))
        device.ok("set", "person", ZOE, "address=elsewhere")
        device.ok("sync")
        self.assertEqual(device.object("digest", "--scope", WAKE)["digest"], self.server.digest(WAKE))

    # What waits for the user

    def conflicting(self):
        first, second = self.device("first"), self.device("second")
        first.ok("set", "person", ZOE, "address=1 Elm St")
        second.ok("set", "person", ZOE, "address=2 Oak Ave")
        first.ok("sync")
        self.assertEqual(second.run("sync").returncode, WAITING)
        return first, second

    def test_sync_exits_4_while_a_conflict_waits_and_the_loser_can_be_restored(self):
        first, second = self.conflicting()
        (conflict,) = second.objects("conflicts")
        self.assert_keys("conflicts", conflict)
        self.assertEqual((conflict["value"], conflict["losing"]), ("2 Oak Ave", "1 Elm St"))
        self.assertIn("1 Elm St", second.ok("conflicts"))
        self.assertIn("1 Elm St", second.ok("conflicts", "restore", str(conflict["number"])))
        second.ok("sync")
        self.assertEqual(second.object("get", "person", ZOE)["address"], "1 Elm St")
        first.ok("sync")
        self.assertEqual(first.object("get", "person", ZOE)["address"], "1 Elm St")
        self.assertEqual(first.objects("conflicts"), [])
        self.assert_refused(second.run("conflicts", "restore", "1"), FAILED)

    def test_a_conflicts_number_names_it_whatever_else_is_decided(self):
        first, second = self.device("first"), self.device("second")
        for device, name in [(first, "of first"), (second, "of second")]:
            for person in [ZOE, BEN]:
                device.ok("set", "person", person, f"address={name}")
        first.ok("sync")
        second.run("sync")
        one, other = second.objects("conflicts")
        second.ok("conflicts", "restore", str(one["number"]))
        second.run("sync")
        self.assertEqual([left["number"] for left in second.objects("conflicts")], [other["number"]])
        self.assert_refused(second.run("conflicts", "restore", str(one["number"])), FAILED)
        second.ok("conflicts", "close", str(other["number"]))
        second.ok("sync")
        self.assertEqual(second.object("get", "person", one["id"])["address"], "of first")
        self.assertEqual(second.object("get", "person", other["id"])["address"], "of second")

    def test_closing_a_conflict_keeps_what_stands(self):
        _, second = self.conflicting()
        self.assertEqual(second.object("conflicts", "close", "1"), {"done": True})
        second.ok("sync")
        self.assertEqual(second.object("get", "person", ZOE)["address"], "2 Oak Ave")

    def refused_write(self):
        """A write outside of what the device may: the grant went while it was offline."""
        device = self.device("kiosk", f"event/{EVENT}")
        device.ok("put", "person", json.dumps({"unit": "nc/durham/9", "given_name": "Del"}))
        done = device.run("sync")
        self.assertEqual(done.returncode, WAITING, done.stderr)
        (entry,) = device.objects("rejected")
        self.assert_keys("rejected", entry)
        self.assertEqual((entry["verdict"], entry["code"]), ("rejected", "not_allowed"))
        return device, str(entry["number"])

    def test_a_rejected_write_is_shown_exported_retried_and_discarded(self):
        device, number = self.refused_write()
        self.assertIn("person", device.ok("rejected"))
        (exported,) = device.objects("rejected", "export")
        self.assertEqual(exported["rows"][0]["fields"]["given_name"] if "fields" in exported["rows"][0]
                         else exported["rows"][0]["given_name"], "Del")
        device.ok("rejected", "retry", number)
        self.assertEqual(device.object("status")["pending"], 1)
        self.assertEqual(device.run("sync").returncode, WAITING)
        (entry,) = device.objects("rejected")
        self.assertNotEqual(str(entry["number"]), number)
        device.ok("rejected", "discard", str(entry["number"]))
        self.assertEqual(device.objects("rejected"), [])
        device.ok("sync")
        self.assert_refused(device.run("rejected", "discard", number), FAILED, number)

    def test_a_copied_file_goes_on_as_another_device_and_loses_nothing(self):
        device = self.device()
        idle = Device(self.folder / "idle.db")
        copy = Device(self.folder / "copy.db")
        for path in (idle.path, copy.path):
            shutil.copy(device.path, path)
        first = device.object("status")["device"]
        device.ok("set", "person", ZOE, "address=original")
        device.ok("sync")
        idle.ok("sync")
        self.assertNotEqual(idle.object("status")["device"], first)
        self.assertEqual(idle.object("get", "person", ZOE)["address"], "original")

        # A second copy on one day is for a person to allow.
        copy.ok("set", "person", BEN, "address=copied")
        refused = copy.run("sync", "--attempts", "1")
        self.assertEqual(refused.returncode, FAILED, refused.stderr)
        self.assertIn("an organizer has to allow it", refused.stderr)
        status = copy.object("status")
        self.assertEqual((status["state"], status["pending"]), ("forked", 1))
        self.server.command("device", "allow-fork", self.server.folder, "nc", first)
        copy.ok("sync")
        self.assertEqual(copy.object("status")["pending"], 0)
        device.ok("sync")
        self.assertEqual(device.object("get", "person", BEN)["address"], "copied")
        self.assertEqual(device.object("status")["device"], first)

    # Streams and statuses

    def test_without_a_server_sync_exits_3_and_keeps_the_work(self):
        device = self.device()
        self.server.stop()
        self.assert_refused(device.run("sync", "--attempts", "1"), UNREACHABLE)
        device.ok("set", "person", ZOE, "address=kept")
        self.assert_refused(device.run("sync", "--attempts", "1"), UNREACHABLE)
        failed = device.run("--json", "sync", "--attempts", "1")
        self.assertEqual(set(json.loads(failed.stderr)), {"error", "code", "message"})
        self.assertEqual(device.object("status")["pending"], 1)
        self.assertEqual(device.object("get", "person", ZOE)["address"], "kept")
        self.server.start()
        device.ok("sync")
        self.assertEqual(device.object("status")["pending"], 0)

    def test_a_wrong_command_line_exits_2_on_one_line(self):
        device = self.device()
        for words in [(), ("fly",), ("put",), ("put", "person"), ("get", "person"), ("sync", "--attempts", "0"),
                      ("conflicts", "restore", "x"), ("set", "person", ZOE, "no-equals-sign"), ("--colour", "status"),
                      ("people",), ("enroll",)]:
            with self.subTest(words):
                self.assert_refused(device.run(*words), USAGE)
        self.assert_refused(device.run("status", db=False), USAGE, "ROLLCALL_DB")
        self.assertEqual(json.loads(device.run("--json", "fly").stderr)["error"], "invalid_argument")

    def test_bad_input_exits_1_and_writes_nothing(self):
        device = self.device()
        for words in [("put", "person", "{"), ("put", "person", "[]"), ("put", "nobody", "{}"),
                      ("put", "person", '{"height": 3}'), ("put", "person", '{"given_name": 3}'),
                      ("put", "person", '{"given_name": "' + "x" * 201 + '"}'), ("put", "person", "[" * 100000),
                      ("set", "person", ZOE, "consent=perhaps"), ("set", "person", "zoe", "address=1"),
                      ("set", "person", numbered(99), "address=1"), ("delete", "person", numbered(99)),
                      ("get", "person", numbered(99)), ("rejected", "retry", "7"), ("conflicts", "close", "1")]:
            with self.subTest(words[:2]):
                self.assert_refused(device.run(*words), FAILED)
        self.assertEqual(device.object("status")["pending"], 0)

    def test_a_file_that_is_no_replica_is_refused_and_left_alone(self):
        for name, content in [("missing.db", None), ("text.db", b"hello\n"), ("empty.db", b"")]:
            device = Device(self.folder / name)
            if content is not None:
                device.path.write_bytes(content)
            with self.subTest(name):
                self.assert_refused(device.run("status"), FAILED, name)
                self.assertEqual(device.path.read_bytes() if device.path.exists() else None, content)

    def test_data_commands_no_terminal(self):
        device = self.device()
        hostile = "\x1b[2J\u009b31m\u202egnirts\nline"
        device.ok("put", "person", json.dumps({"unit": "nc/wake/1", "given_name": hostile, "family_name": "Hostile"}))
        for words in [("people", "find", "hostile"), ("sql", "SELECT given_name FROM person WHERE family_name = 'Hostile'")]:
            for said in (device.ok(*words), device.ok("--json", *words)):
                self.assertFalse(set(said) & set("\x1b\u009b\u202e"), ascii(said))
        (row,) = device.objects("sql", "SELECT given_name FROM person WHERE family_name = 'Hostile'")
        self.assertEqual(row["given_name"], hostile)

    def test_the_environment_names_the_replica(self):
        device = self.device()
        done = subprocess.run([ROLLCALL, "--json", "status"], capture_output=True, text=True, check=True,
                              env=os.environ | {"ROLLCALL_DB": str(device.path)})
        self.assertEqual(json.loads(done.stdout)["label"], "first")

    def test_watching_follows_the_server_until_it_is_interrupted(self):
        first, second = self.device("first"), self.device("second")
        watching = subprocess.Popen([ROLLCALL, "--db", str(first.path), "--json", "sync", "--watch"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            before = json.loads(watching.stdout.readline())
            second.ok("set", "person", ZOE, "address=3 Ash Ct")
            second.ok("sync")
            target = second.object("status")["digest"]
            told = before
            while told["digest"] == before["digest"]:
                told = json.loads(watching.stdout.readline())
            self.assert_keys("status", told)
            self.assertNotEqual(target, before["digest"])
        finally:
            watching.send_signal(signal.SIGINT)
            out, err = watching.communicate(timeout=60)
        self.assertEqual(watching.returncode, DONE, err)
        self.assertEqual(first.object("get", "person", ZOE)["address"], "3 Ash Ct")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
