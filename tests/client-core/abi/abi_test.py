"""The C ABI from another language: Python's ctypes, with no knowledge but rollcall.h.

usage: abi_test.py LIBROLLCALL ROLLCALL_SERVER
"""

import ctypes
import json
import os
import pathlib
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from server_process import Server

LIBRARY, SERVER = sys.argv[1:3]
WAKE, DURHAM = "unit/nc/wake", "unit/nc/durham"
WAIT_S = 60  # far longer than anything here takes

OPEN_ELSEWHERE, NOT_A_REPLICA, READ_ONLY, NOT_FOUND, UNREACHABLE = 103, 106, 107, 110, 700
INVALID_ARGUMENT, MALFORMED, TRUNCATED, NOT_UTF8, DUPLICATE_KEY = 100, 200, 201, 205, 206
PIN_MISMATCH, NOT_ALLOWED, BAD_VALUE = 306, 500, 504

P, S, I32, I64, U64 = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int64, ctypes.c_uint64
OUT = ctypes.POINTER(P)


class EnrollOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("path", S), ("link", S), ("url", S), ("space", S), ("code", S),
                ("label", S), ("timeout_ms", I32)]


class OpenOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("path", S), ("vfs", S), ("not_conflicts", S)]


Progress = ctypes.CFUNCTYPE(I32, P, U64, U64, U64)
Observer = ctypes.CFUNCTYPE(None, P, U64)


class SyncOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("timeout_ms", I32), ("attempts", I32), ("progress", Progress),
                ("context", P)]


class ErrorText(ctypes.Structure):
    _fields_ = [("code", I32), ("message", ctypes.c_char * 512)]


rollcall = ctypes.CDLL(LIBRARY)
for name, result, arguments in [
    ("abi_version", I32, []),
    ("error_name", S, [I32]),
    ("free", None, [P]),
    ("enroll", I32, [ctypes.POINTER(EnrollOptions), OUT, ctypes.POINTER(ErrorText)]),
    ("open", I32, [ctypes.POINTER(OpenOptions), OUT, ctypes.POINTER(ErrorText)]),
    ("close", None, [P]),
    ("last_error", S, [P]),
    ("begin", I32, [P]),
    ("put", I32, [P, S, S, S, S]),
    ("set", I32, [P, S, S, S]),
    ("add", I32, [P, S, S, S, S]),
    ("delete", I32, [P, S, S]),
    ("commit", I32, [P, ctypes.POINTER(U64)]),
    ("rollback", None, [P]),
    ("query", I32, [P, S, S, OUT]),
    ("rows_next", I32, [P]),
    ("rows_columns", I32, [P]),
    ("rows_name", S, [P, I32]),
    ("rows_kind", I32, [P, I32]),
    ("rows_integer", I64, [P, I32]),
    ("rows_bytes", P, [P, I32, ctypes.POINTER(ctypes.c_size_t)]),
    ("rows_close", None, [P]),
    ("get", I32, [P, S, S, OUT]),
    ("search", I32, [P, S, S, I32, OUT]),
    ("schema", I32, [P, OUT]),
    ("observe", I32, [P, S, Observer, P, ctypes.POINTER(U64)]),
    ("unobserve", None, [P, U64]),
    ("status", I32, [P, OUT]),
    ("conflicts", I32, [P, OUT]),
    ("conflict_restore", I32, [P, S]),
    ("tray", I32, [P, OUT]),
    ("tray_export", I32, [P, U64, OUT]),
    ("tray_retry", I32, [P, U64]),
    ("tray_discard", I32, [P, U64]),
    ("digest", I32, [P, S, I32, OUT]),
    ("sync", I32, [P, ctypes.POINTER(SyncOptions), OUT]),
    ("sync_step", I32, [P, I32, I64, ctypes.POINTER(I64)]),
    ("wake", None, [P]),
    ("background_start", I32, [P]),
    ("background_stop", None, [P]),
]:
    function = getattr(rollcall, f"rollcall_{name}")
    function.restype, function.argtypes = result, arguments


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code} ({rollcall.rollcall_error_name(code).decode()}): {message}")
        self.code = code


def taken(pointer):
    """The text behind an out parameter, given back to the library."""
    text = ctypes.cast(pointer, S).value.decode()
    rollcall.rollcall_free(pointer)
    return text


class Replica:
    """One handle. What fails raises Refused."""

    def __init__(self, handle):
        self.handle = handle

    @classmethod
    def enroll(cls, path, **members):
        options = EnrollOptions(size=ctypes.sizeof(EnrollOptions), path=os.fsencode(path),
                                **{name: text.encode() for name, text in members.items()})
        return cls._made(rollcall.rollcall_enroll, options)

    @classmethod
    def open(cls, path, **members):
        options = OpenOptions(size=ctypes.sizeof(OpenOptions), path=os.fsencode(path),
                              **{name: text.encode() for name, text in members.items()})
        return cls._made(rollcall.rollcall_open, options)

    @classmethod
    def _made(cls, make, options):
        handle, error = P(), ErrorText()
        code = make(ctypes.byref(options), ctypes.byref(handle), ctypes.byref(error))
        if code != 0:
            assert handle.value is None and error.code == code
            raise Refused(code, error.message.decode())
        return cls(handle)

    def close(self):
        rollcall.rollcall_close(self.handle)
        self.handle = None

    def call(self, name, *arguments):
        code = getattr(rollcall, f"rollcall_{name}")(self.handle, *arguments)
        if code != 0:
            raise Refused(code, rollcall.rollcall_last_error(self.handle).decode())

    def ask(self, name, *arguments):
        """A function that gives JSON."""
        out = P()
        self.call(name, *arguments, ctypes.byref(out))
        return json.loads(taken(out))

    def write(self, name, *arguments):
        """One write in a transaction of its own; an id if it makes one."""
        made = ctypes.create_string_buffer(37)
        encoded = [json.dumps(a).encode() if isinstance(a, (dict, list)) else a and a.encode() for a in arguments]
        self.call("begin")
        try:
            self.call(name, *encoded, *([made] if name == "put" else []))
            self.call("commit", None)
        finally:
            rollcall.rollcall_rollback(self.handle)
        return made.value.decode()

    def query(self, sql, *parameters):
        rows = P()
        self.call("query", sql.encode(), json.dumps(parameters).encode(), ctypes.byref(rows))
        found = []
        while (state := rollcall.rollcall_rows_next(rows)) == 1:
            found.append(tuple(self.cell(rows, i) for i in range(rollcall.rollcall_rows_columns(rows))))
        rollcall.rollcall_rows_close(rows)
        if state < 0:
            raise Refused(-state, rollcall.rollcall_last_error(self.handle).decode())
        return found

    @staticmethod
    def cell(rows, column):
        kind = rollcall.rollcall_rows_kind(rows, column)
        if kind == 0:
            return None
        if kind == 2:
            return rollcall.rollcall_rows_integer(rows, column)
        length = ctypes.c_size_t()
        start = rollcall.rollcall_rows_bytes(rows, column, ctypes.byref(length))
        content = ctypes.string_at(start, length.value)
        return content.decode() if kind == 3 else content

    def status(self):
        return self.ask("status")

    def sync(self, **options):
        given = SyncOptions(size=ctypes.sizeof(SyncOptions), **options)
        summary = P()
        code = rollcall.rollcall_sync(self.handle, ctypes.byref(given), ctypes.byref(summary))
        told = json.loads(taken(summary)) if summary.value else None
        if code != 0:
            raise Refused(code, rollcall.rollcall_last_error(self.handle).decode())
        return told


class AbiFromPython(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="rollcall-abi-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.server = Server(SERVER, cls.folder)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.temporary.cleanup()

    def device(self, label, *scopes):
        link = self.server.invite(label, *(scopes or (WAKE,)))["link"]
        replica = Replica.enroll(self.folder / f"{label}.db", link=link)
        self.addCleanup(lambda: replica.handle and replica.close())
        return replica

    def refused(self, code):
        test = self

        class Context:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                if kind is None:
                    test.fail(f"was not refused; {code} was wanted")
                if kind is not Refused:
                    return False
                self.message = str(error)
                test.assertEqual(error.code, code, self.message)
                return True

        return Context()

    def test_the_library_says_which_abi_it_has(self):
        self.assertEqual(rollcall.rollcall_abi_version(), 1)
        self.assertEqual(rollcall.rollcall_error_name(UNREACHABLE), b"unreachable")

    def test_a_device_enrols_writes_syncs_and_another_one_reads(self):
        first, second = self.device("first"), self.device("second")
        row = first.write("put", "person", None,
                          {"unit": "nc/wake/1-01", "given_name": "Ángel", "phones": ["+1 919 555 0142"],
                           "photo": "_w"})
        self.assertEqual(first.status()["pending"], 1)
        summary = first.sync()
        self.assertEqual((summary["pending"], summary["pushed"]), (0, 1))
        second.sync()
        self.assertEqual(second.query("SELECT uuid(id), given_name, phones, photo, address FROM person "
                                      "WHERE given_name = ?1", "Ángel"),
                         [(row, "Ángel", '["+1 919 555 0142"]', b"\xff", None)])
        self.assertEqual(second.query("SELECT count(*) FROM person WHERE id = ?1", {"id": row}), [(1,)])
        self.assertEqual(second.ask("get", b"person", row.encode())["photo"], "_w")
        self.assertEqual(second.ask("search", b"person", b"angel", 5), [row])
        for replica in (first, second):
            self.assertEqual(replica.ask("digest", WAKE.encode(), 1)["digest"], self.server.digest(WAKE))
        second.write("delete", "person", row)
        second.sync()
        first.sync()
        self.assertEqual(first.query("SELECT * FROM person WHERE id = ?1", {"id": row}), [])
        self.assertEqual(first.ask("search", b"person", b"angel", 5), [])
        with self.refused(NOT_FOUND):
            first.ask("get", b"person", row.encode())

    def test_a_row_of_every_size_comes_through(self):
        replica = self.device("sizes")
        note = "ﬀ" * 600 + "\x07\n\"\\"
        row = replica.write("put", "activity", None,
                            {"unit": "nc/wake/1-01", "kind": "call", "at": "2026-11-03T14:05:00Z", "note": note})
        found = replica.query("SELECT at, note FROM activity WHERE id = ?1", {"id": row})
        self.assertEqual(found, [(1_793_714_700_000, note)])
        many = replica.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
                             "SELECT i FROM n")
        self.assertEqual(sum(i for (i,) in many), 50_005_000)

    def test_wrong_json_is_told_apart_and_changes_nothing(self):
        replica = self.device("wrong-json")
        replica.call("begin")
        for code, text in [
            (TRUNCATED, b'{"given_name": "A"'),
            (MALFORMED, b'{"given_name": A}'),
            (NOT_UTF8, b'{"given_name": "\xff"}'),
            (DUPLICATE_KEY, b'{"given_name": "A", "given_name": "B"}'),
            (BAD_VALUE, b'{"given_name": {"en": "A"}}'),
            (BAD_VALUE, b'{"consent": "perhaps"}'),
            (BAD_VALUE, b'"A"'),
        ]:
            with self.refused(code):
                replica.call("put", b"person", None, text, None)
        replica.call("commit", None)
        self.assertEqual(replica.query("SELECT count(*) FROM person"), [(0,)])
        self.assertEqual(replica.status()["pending"], 0)

    def test_sql_may_not_write(self):
        replica = self.device("sql")
        with self.refused(READ_ONLY):
            replica.query("DELETE FROM _person")
        with self.refused(READ_ONLY):
            replica.query("PRAGMA journal_mode = DELETE")

    def test_a_file_is_open_once_and_only_if_it_is_a_replica(self):
        replica = self.device("once")
        with self.refused(OPEN_ELSEWHERE):
            Replica.open(self.folder / "once.db")
        replica.close()
        again = Replica.open(self.folder / "once.db")
        self.assertEqual(again.status()["label"], "once")
        again.close()
        with self.refused(NOT_FOUND):
            Replica.open(self.folder / "nowhere.db")
        other = self.folder / "other.db"
        other.write_bytes(b"not a database " * 100)
        with self.refused(NOT_A_REPLICA):
            Replica.open(other)
        self.assertEqual(other.read_bytes(), b"not a database " * 100)

    def test_a_server_with_another_key_is_not_believed(self):
        link = self.server.invite("pin", WAKE)["link"]
        swapped = link[:-4] + ("AAAA" if link[-4:] != "AAAA" else "BAAA")
        with self.refused(PIN_MISMATCH):
            Replica.enroll(self.folder / "pin.db", link=swapped)
        self.assertFalse((self.folder / "pin.db").exists())

    def test_progress_is_told_and_may_stop_a_sync(self):
        self.server.load("person", [{"id": f"018f0000-0000-7000-8000-{n:012x}", "unit": "nc/orange/1",
                                     "given_name": f"P{n}"} for n in range(500)])
        replica = self.device("progress", "unit/nc/orange")
        told = []
        progress = Progress(lambda context, done, left, wire: told.append((done, left, wire)) or 0)
        replica.sync(progress=progress)
        self.assertEqual(replica.query("SELECT count(*) FROM person"), [(500,)])
        self.assertGreater(told[-1][2], 500)  # bytes on the wire

    def test_concurrent_edits_are_a_conflict_on_both_sides(self):
        first, second = self.device("left"), self.device("right")
        row = first.write("put", "person", None, {"unit": "nc/wake/9", "address": "1 Oak"})
        first.sync()
        second.sync()
        first.write("set", "person", row, {"address": "2 Oak"})
        second.write("set", "person", row, {"address": "3 Oak"})
        for replica in (first, second, first):
            replica.sync()
        seen = [[(c["field"], c["value"], c["losing"], c["conflict"]) for c in r.ask("conflicts") if c["id"] == row]
                for r in (first, second)]
        self.assertEqual(seen[0], seen[1])
        [(field, value, losing, name)] = seen[0]
        # Which one stands is the clocks' matter.
        self.assertEqual((field, {value, losing}), ("address", {"2 Oak", "3 Oak"}))
        first.call("conflict_restore", name.encode())
        for replica in (first, second):
            replica.sync()
            self.assertEqual(replica.query("SELECT address FROM person WHERE id = ?1", {"id": row}), [(losing,)])
            self.assertEqual([c for c in replica.ask("conflicts") if c["id"] == row], [])

    def test_writes_without_authority_are_rejected_and_those_whose_grant_was_lost_are_parked(self):
        replica = self.device("tray", "unit/nc/tyrrell", DURHAM)
        replica.sync()
        replica.write("put", "person", None, {"unit": "nc/union/1", "given_name": "Una"})
        replica.write("put", "person", None, {"unit": "nc/durham/1", "given_name": "Dora"})
        self.server.ungrant("tray", DURHAM)
        replica.sync()
        status = replica.status()
        self.assertEqual((status["pending"], status["rejected"], status["parked"], status["waiting"]), (0, 1, 1, 0))
        rejected, parked = replica.ask("tray")
        self.assertEqual((rejected["verdict"], rejected["code"], rejected["rows"]), ("rejected", "not_allowed", 1))
        self.assertEqual((parked["verdict"], parked["code"], parked["rows"]), ("parked", "grant_lost", 1))
        self.assertEqual(replica.query("SELECT given_name FROM person"), [])
        exported = replica.ask("tray_export", parked["number"])
        self.assertEqual(exported["rows"][0]["fields"]["given_name"], "Dora")
        with self.refused(NOT_ALLOWED):
            replica.call("tray_retry", parked["number"])  # it is the server's to decide
        self.server.grant("tray", "unit/nc/union")
        replica.call("tray_retry", rejected["number"])
        replica.sync()
        self.assertEqual(replica.query("SELECT given_name FROM person"), [("Una",)])
        replica.call("tray_discard", parked["number"])
        self.assertEqual(replica.ask("tray"), [])

    def test_an_observer_may_query_and_end_itself_on_the_librarys_own_thread(self):
        writer, reader = self.device("writer"), self.device("reader")
        writer.sync()
        reader.sync()
        seen, there = [], threading.Event()

        def changed(context, observation):
            seen.append((reader.query("SELECT given_name FROM person WHERE unit = 'nc/wake/live'"),
                         threading.current_thread() is threading.main_thread()))
            if seen[-1][0]:
                rollcall.rollcall_unobserve(reader.handle, observation)
                there.set()

        callback = Observer(changed)
        reader.call("observe", b"SELECT id FROM person", callback, None, None)
        reader.call("background_start")
        writer.call("background_start")
        with self.refused(INVALID_ARGUMENT):
            reader.sync()
        writer.write("put", "person", None, {"unit": "nc/wake/live", "given_name": "Liv"})
        self.assertTrue(there.wait(WAIT_S))
        self.assertEqual(seen[-1], ([("Liv",)], False))
        before = len(seen)
        reader.write("put", "person", None, {"unit": "nc/wake/live", "given_name": "Own"})
        self.assertEqual(len(seen), before)
        writer.close()  # ends its thread too
        rollcall.rollcall_background_stop(reader.handle)
        reader.sync()
        self.assertEqual(reader.status()["pending"], 0)

    def test_a_thread_that_finds_no_server_keeps_the_work_and_says_so(self):
        replica = self.device("waiting")
        replica.sync()
        self.server.stop()
        try:
            replica.write("put", "person", None, {"unit": "nc/wake/1", "given_name": "Wai"})
            with self.refused(UNREACHABLE) as refusal:
                replica.sync(attempts=1)
            self.assertIn("local work is kept", refusal.message)
            wait_ms = I64(-2)
            replica.call("sync_step", 20, 0, ctypes.byref(wait_ms))
            status = replica.status()
            self.assertEqual(status["pending"], 1)
        finally:
            self.server.start()
        there = threading.Event()
        callback = Observer(lambda context, observation: there.set())
        replica.call("observe", b"SELECT id FROM person", callback, None, None)
        other = self.device("waker")
        other.write("put", "person", None, {"unit": "nc/wake/1", "given_name": "Oth"})
        other.sync()
        there.clear()
        replica.call("background_start")
        threading.Thread(target=rollcall.rollcall_wake, args=(replica.handle,)).start()
        self.assertTrue(there.wait(WAIT_S))
        rollcall.rollcall_background_stop(replica.handle)
        replica.sync()
        other.sync()
        self.assertEqual(other.query("SELECT given_name FROM person WHERE given_name IN ('Wai', 'Oth') ORDER BY 1"),
                         [("Oth",), ("Wai",)])

    def test_every_function_of_the_abi_survives_nothing(self):
        # Each function that takes a replica, with NULL for every pointer and 0 for every number.
        names = (pathlib.Path(__file__).resolve().parents[2] / "build" / "abi_symbols.txt").read_text().split("\n")
        names = [name for name in names if name.startswith("rollcall_")]
        self.assertGreater(len(names), 40)
        for name in names:
            function = ctypes.CDLL(LIBRARY)[name]
            function.restype = P
            function(*[P(None)] * 6)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
