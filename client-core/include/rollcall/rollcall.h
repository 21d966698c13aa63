/* Rollcall's client core: a local replica that works without signal and syncs when there is some.
 *
 * Conventions, for everything below:
 *  1. Functions that can fail return 0 or a positive error code (ROLLCALL_E_*, and the numbers of
 *     ERRORS.md). `rollcall_last_error(replica)` tells what happened, to what, and what to do next.
 *     Functions without a replica to tell it to take a `rollcall_error *`, which may be NULL.
 *  2. Text is UTF-8 and ends in NUL; lengths are in bytes and do not count the NUL. JSON is UTF-8
 *     text. Ids are UUID text (36 characters). Times are milliseconds since 1970 UTC.
 *  3. `char **out` text is yours: give it back with `rollcall_free`. Where a function fails, its
 *     out parameters hold nothing to free or close, unless it says otherwise. `const char *`
 * results belong to the library and live until the next call on the same object.
 *  4. Handles are opaque. Close what you open: transactions and row readers before their replica.
 *  5. One thread at a time in one replica, except `rollcall_wake`. Nothing starts a thread but
 *     `rollcall_background_start`; while it runs, the other functions may be called from any one
 *     thread at a time: the library locks.
 *  6. No exception crosses; out of memory is ROLLCALL_E_OUT_OF_MEMORY.
 *  7. Option structs begin with their own size, set by ROLLCALL_OPTIONS: a library newer than its
 *     caller fills in the rest. Members left zero have their defaults.
 *  8. A write that returned 0 from `rollcall_commit` is on the disk. Nothing else is promised.
 */
#ifndef ROLLCALL_ROLLCALL_H
#define ROLLCALL_ROLLCALL_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define ROLLCALL_API __declspec(dllexport)
#else
#define ROLLCALL_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif
/* NOLINTBEGIN(modernize-use-using): this is C. */

/* Raised when a function's meaning changes; functions are only ever added within one. */
#define ROLLCALL_ABI_VERSION 1
ROLLCALL_API int32_t rollcall_abi_version(void);
/* "0.1.0" */
ROLLCALL_API const char* rollcall_version(void);

/* --- Errors ------------------------------------------------------------------------------- */

#define ROLLCALL_OK 0
#define ROLLCALL_E_INVALID_ARGUMENT 100
#define ROLLCALL_E_IO 101
#define ROLLCALL_E_DISK_FULL 102
#define ROLLCALL_E_OPEN_ELSEWHERE 103
#define ROLLCALL_E_CORRUPT 104
#define ROLLCALL_E_NEWER_FORMAT 105
#define ROLLCALL_E_NOT_A_REPLICA 106
#define ROLLCALL_E_READ_ONLY 107
#define ROLLCALL_E_OUT_OF_MEMORY 108
#define ROLLCALL_E_SQL 109
#define ROLLCALL_E_NOT_FOUND 110
#define ROLLCALL_E_ALREADY_EXISTS 111
#define ROLLCALL_E_UNLINKED 112
#define ROLLCALL_E_LIMIT 113
#define ROLLCALL_E_WRONG_KEY 115
#define ROLLCALL_E_INTERNAL 119
#define ROLLCALL_E_BAD_SIGNATURE 301
#define ROLLCALL_E_PIN_MISMATCH 306
#define ROLLCALL_E_NOT_ALLOWED 500
#define ROLLCALL_E_UNREACHABLE 700
#define ROLLCALL_E_TIMED_OUT 701
#define ROLLCALL_E_NOT_ROLLCALL 702
#define ROLLCALL_E_NOT_TRUSTED 703

typedef struct rollcall_error {
  int32_t code;
  char message[512];
} rollcall_error;

/* "disk_full" for ROLLCALL_E_DISK_FULL; "unknown" for a number that is none. */
ROLLCALL_API const char* rollcall_error_name(int32_t code);

ROLLCALL_API void rollcall_free(void* text);

/* --- A replica ---------------------------------------------------------------------------- */

typedef struct rollcall_replica rollcall_replica;

#ifdef __cplusplus
#define ROLLCALL_OPTIONS(type, name) \
  type name{};                       \
  name.size = sizeof(type)
#else
#define ROLLCALL_OPTIONS(type, name) \
  type name = {0};                   \
  name.size = sizeof(type)
#endif

typedef struct rollcall_enroll_options {
  size_t size;
  const char* path;              /* file to make; must not exist */
  const char* link;              /* the invitation's link; or NULL, with the next three */
  const char* url;               /* "http://127.0.0.1:8080" */
  const char* space;             /* "nc" */
  const char* code;              /* eight typed characters */
  const char* label;             /* what this device calls itself; may be NULL */
  int32_t timeout_ms;            /* of two tries, for an answer may be lost on the way; 0: 60,000 */
  const unsigned char* file_key; /* as in rollcall_open_options */
  const char* app;               /* likewise */
} rollcall_enroll_options;

/* Shows an invitation to its server and makes the replica file. Uses the library's own transport.
 */
ROLLCALL_API int32_t rollcall_enroll(const rollcall_enroll_options* options, rollcall_replica** out,
                                     rollcall_error* error);

typedef struct rollcall_open_options {
  size_t size;
  const char* path;
  const char* vfs;           /* SQLite VFS to use; NULL: the default one */
  const char* not_conflicts; /* "registration.admitted,…": fields whose losers are no conflicts */
  /* 32 bytes that encrypt the file, its log and its journal; the app keeps them, best in the
   * system's key store. NULL: the file is readable. ROLLCALL_E_WRONG_KEY: they are not those of
   * this file, which is left as it was; ROLLCALL_E_INVALID_ARGUMENT: this library was built
   * without. */
  const unsigned char* file_key;
  /* The program and its version, such as "captain 1.4": told to the server with each request, for
   * those who look after devices; its first 64 bytes. NULL: not told. */
  const char* app;
} rollcall_open_options;

ROLLCALL_API int32_t rollcall_open(const rollcall_open_options* options, rollcall_replica** out,
                                   rollcall_error* error);
ROLLCALL_API void rollcall_close(rollcall_replica* replica);
/* What the last function that failed on this replica had to say. */
ROLLCALL_API const char* rollcall_last_error(const rollcall_replica* replica);

/* --- Writing: one transaction at a time ------------------------------------------------------ */

ROLLCALL_API int32_t rollcall_begin(rollcall_replica* replica);
/* Inserts a row: `fields` is a JSON object; `id` may be NULL or an UUID (refused where the schema
 * derives ids from fields). `id_out`, if not NULL, takes 37 bytes. */
ROLLCALL_API int32_t rollcall_put(rollcall_replica* replica, const char* collection, const char* id,
                                  const char* fields, char* id_out);
/* Changes fields of a row that exists here. null clears a field. */
ROLLCALL_API int32_t rollcall_set(rollcall_replica* replica, const char* collection, const char* id,
                                  const char* fields);
/* Counters. */
ROLLCALL_API int32_t rollcall_increment(rollcall_replica* replica, const char* collection,
                                        const char* id, const char* field, int64_t by);
/* Sets: `element` is a JSON value. */
ROLLCALL_API int32_t rollcall_add(rollcall_replica* replica, const char* collection, const char* id,
                                  const char* field, const char* element);
ROLLCALL_API int32_t rollcall_remove(rollcall_replica* replica, const char* collection,
                                     const char* id, const char* field, const char* element);
ROLLCALL_API int32_t rollcall_delete(rollcall_replica* replica, const char* collection,
                                     const char* id);
/* `first` and `ladder` fields: opens the next generation with this JSON value. */
ROLLCALL_API int32_t rollcall_undo(rollcall_replica* replica, const char* collection,
                                   const char* id, const char* field, const char* value);
/* 0: on the disk. `number_out`, if not NULL, takes the transaction's number; 0: nothing was
 * written. */
ROLLCALL_API int32_t rollcall_commit(rollcall_replica* replica, uint64_t* number_out);
ROLLCALL_API void rollcall_rollback(rollcall_replica* replica);

/* --- Reading: plain SQL over the schema's views ---------------------------------------------- */

typedef struct rollcall_rows rollcall_rows;

/* `parameters`: a JSON array bound to ?1, ?2, …; an UUID text bound by {"id": "…"} is its 16 bytes.
 * May be NULL. Statements that write are refused. */
ROLLCALL_API int32_t rollcall_query(rollcall_replica* replica, const char* sql,
                                    const char* parameters, rollcall_rows** out);
/* 1: a row is there; 0: no more; negative: failed, see rollcall_last_error. */
ROLLCALL_API int32_t rollcall_rows_next(rollcall_rows* rows);
ROLLCALL_API int32_t rollcall_rows_columns(const rollcall_rows* rows);
ROLLCALL_API const char* rollcall_rows_name(const rollcall_rows* rows, int32_t column);
/* 0 null, 2 integer, 3 text, 4 bytes; 0 too where there is no such column, or no row. */
ROLLCALL_API int32_t rollcall_rows_kind(const rollcall_rows* rows, int32_t column);
ROLLCALL_API int64_t rollcall_rows_integer(const rollcall_rows* rows, int32_t column);
ROLLCALL_API const char* rollcall_rows_bytes(const rollcall_rows* rows, int32_t column,
                                             size_t* length);
ROLLCALL_API void rollcall_rows_close(rollcall_rows* rows);

/* A row as a JSON object with its "id"; ROLLCALL_E_NOT_FOUND when it is not here or is deleted. */
ROLLCALL_API int32_t rollcall_get(rollcall_replica* replica, const char* collection, const char* id,
                                  char** json_out);
/* Full-text search over the collection's marked fields, each word as a prefix, accents and case
 * folded: a JSON array of ids, best first. */
ROLLCALL_API int32_t rollcall_search(rollcall_replica* replica, const char* collection,
                                     const char* text, int32_t limit, char** json_out);
/* The compiled schema as JSON: collections with fields, types, rules, choices. */
ROLLCALL_API int32_t rollcall_schema(rollcall_replica* replica, char** json_out);

/* Calls back whenever the query's result may be another than it was: inside whichever call changed
 * something, or on the background thread while that runs. The callback may query and end
 * observations; it must not write, sync, close the replica or stop the background thread. */
typedef void (*rollcall_observer)(void* context, uint64_t observation);
ROLLCALL_API int32_t rollcall_observe(rollcall_replica* replica, const char* sql,
                                      rollcall_observer callback, void* context,
                                      uint64_t* observation_out);
ROLLCALL_API void rollcall_unobserve(rollcall_replica* replica, uint64_t observation);

/* --- Where things stand ------------------------------------------------------------------------
 */

/* {"device","space","state","pending","rejected","parked","waiting","conflicts","epoch",
 *  "schema_version","last_sync_ms","next_try_ms","last_error","skew_ms","digest","bootstrap":{…},
 *  "grants":[…],…};
 * "state": ok; catching_up; diverged; behind (the server was restored and lacks what this device
 * has sent: it is sent again, and rows wait for that); gap (as behind, but some of it is not kept
 * here any more: nothing is pushed, all local work is kept); or forked (a copy,
 * which the next sync makes a device of its own); or locked (its lease ended: sync), revoked (shut
 * out: goes on sending), erased (and nothing is left); or rolled_back (an old copy of the server's
 * data answers: nothing is read from it). "orphans": rows that a restored server lacks, in the view
 * orphaned_by_restore. Keys are only added. */
ROLLCALL_API int32_t rollcall_status(rollcall_replica* replica, char** json_out);
/* Open losers: [{"number","conflict","collection","id","field","value","value_by","value_at_ms",
 * "losing","by","at_ms","may_restore"}…]; "conflict" is the loser's name for the next two;
 * "number" is short, for people: its own as long as it is open, and never another's. Ascending by
 * number; at most the first 1,000 (status counts all). */
ROLLCALL_API int32_t rollcall_conflicts(rollcall_replica* replica, char** json_out);
/* Makes the losing value the present one (and closes it), or closes it without. */
ROLLCALL_API int32_t rollcall_conflict_restore(rollcall_replica* replica, const char* conflict);
ROLLCALL_API int32_t rollcall_conflict_close(rollcall_replica* replica, const char* conflict);
/* Rejected, parked and waiting transactions: [{"number","verdict","code","collection","field",
 * "reason","at_ms","rows"}…] */
ROLLCALL_API int32_t rollcall_tray(rollcall_replica* replica, char** json_out);
/* One entry with every value that it wrote, as a JSON object: to keep, send or type in again. */
ROLLCALL_API int32_t rollcall_tray_export(rollcall_replica* replica, uint64_t number,
                                          char** json_out);
/* Writes the same again on top of what is here now; the old entry leaves the tray. */
ROLLCALL_API int32_t rollcall_tray_retry(rollcall_replica* replica, uint64_t number);
ROLLCALL_API int32_t rollcall_tray_discard(rollcall_replica* replica, uint64_t number);
/* Sum over the rows of `scope` (NULL: everything here), recomputed from the rows when `content`. */
ROLLCALL_API int32_t rollcall_digest(rollcall_replica* replica, const char* scope, int32_t content,
                                     char** json_out);

/* --- Sealed fields: readable by a listening team, by no server; SEALING.md tells how -------------
 */

/* Makes this replica's own secret key, which never leaves its file, and trusts this admin (43
 * characters, which a person handed over) to say who is in the team. ROLLCALL_E_ALREADY_EXISTS when
 * it has one: a key is never replaced, for what was sealed to it would stay shut. */
ROLLCALL_API int32_t rollcall_sealing_begin(rollcall_replica* replica, const char* admin);
/* {"key","admin","team","version","member","members":[{"label","key"}…],"recovery",
 *  "versions":[{"version","admin","members":[…]}…]}: who this device is, whom it trusts, and all
 * versions of the team that it took. "team" is null before the first. ROLLCALL_E_NOT_FOUND: no key
 * was made here. */
ROLLCALL_API int32_t rollcall_sealing(rollcall_replica* replica, char** json_out);
/* Takes a version of the team's list, in the text that a field of type bytes has: only with the
 * signature of whom this device trusts (ROLLCALL_E_BAD_SIGNATURE). One that it has is fine. */
ROLLCALL_API int32_t rollcall_sealing_take(rollcall_replica* replica, const char* list);
/* Seals a text for one field of one row, to the team of now and, with `author_copy`, to this
 * device's own key: `value_out` takes what rollcall_put wants for that field. `id`: of the row to
 * be put; NULL: a new one, which `id_out` (37 bytes, may be NULL) tells. */
ROLLCALL_API int32_t rollcall_seal(rollcall_replica* replica, const char* collection,
                                   const char* id, const char* field, const char* text,
                                   int32_t author_copy, char* id_out, char** value_out);
/* Opens what a row's field holds, with this device's key or, where it is not NULL, with a recovery
 * key as it was printed (whole, or both halves, one a line): {"text","writer","writer_label",
 * "writer_left","version"}; "writer_label" is null where the list of that version does not name who
 * wrote it, "writer_left" tells that the list of now does not. ROLLCALL_E_NOT_ALLOWED: it was not
 * sealed to this key. */
ROLLCALL_API int32_t rollcall_unseal(rollcall_replica* replica, const char* collection,
                                     const char* id, const char* field, const char* recovery,
                                     char** json_out);
/* A new admin's secret, as it is to be kept, and the public key to hand to listeners. */
ROLLCALL_API int32_t rollcall_sealing_admin(char** secret_out, char** key_out,
                                            rollcall_error* error);
/* The admin's: signs the team's next version. `change`: {"admin": the secret, "team": the name of a
 * team that is to begin, "add":[{"key","label"}…], "remove":["label or key"…], "recovery": a
 * recovery key, where "admin" is a new one}. Gives {"team","version","list"}, "list" for a field of
 * type bytes, and of the first version {"recovery","halves":[2 texts]} too, told once and kept
 * nowhere: show them before the list goes anywhere. A list counts for a replica that took it. */
ROLLCALL_API int32_t rollcall_sealing_sign(rollcall_replica* replica, const char* change,
                                           char** json_out);

/* --- Syncing -------------------------------------------------------------------------------- */

typedef struct rollcall_sync_options {
  size_t size;
  int32_t timeout_ms; /* 0: as long as it makes progress */
  int32_t attempts;   /* failed requests in a row before giving up; 0: 3 */
  /* Called now and then while rows arrive; may be NULL. Non-zero stops. It may do what an observer
   * may: syncing from it is ROLLCALL_E_INVALID_ARGUMENT. */
  int32_t (*progress)(void* context, uint64_t rows_done, uint64_t rows_left, uint64_t wire_bytes);
  void* context;
} rollcall_sync_options;

/* One complete catch-up with the library's own transport: everything up, everything down.
 * `summary_out`: {"state","requests","sent","received","pushed","pending","rejected","parked",
 * "waiting","conflicts","digest","ms"}; bytes are those on the wire. It is given
 * after a failure too.
 * ROLLCALL_E_UNREACHABLE: the server did not answer; all local work is kept. */
ROLLCALL_API int32_t rollcall_sync(rollcall_replica* replica, const rollcall_sync_options* options,
                                   char** summary_out);

/* Stays in sync: does at most about `budget_ms` of work and `budget_bytes` of traffic, then says in
 * `wait_ms_out` when to be called again at the latest (0: at once; -1: only by an event). Waits
 * for the network inside the budget. Call with a budget as often as you like. */
ROLLCALL_API int32_t rollcall_sync_step(rollcall_replica* replica, int32_t budget_ms,
                                        int64_t budget_bytes, int64_t* wait_ms_out);
/* The network came back, or the user pulled: try now. Any thread. */
ROLLCALL_API void rollcall_wake(rollcall_replica* replica);

/* A thread of the library's own that does what rollcall_sync_step does for ever. Offered, not
 * required. While a transaction is open it waits: keep transactions short. What it could not do
 * stands in the status's "last_error". */
ROLLCALL_API int32_t rollcall_background_start(rollcall_replica* replica);
ROLLCALL_API void rollcall_background_stop(rollcall_replica* replica);

/* NOLINTEND(modernize-use-using) */
#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ROLLCALL_ROLLCALL_H */
