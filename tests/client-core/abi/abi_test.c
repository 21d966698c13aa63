/* The C ABI as a C program uses it: two devices, a real server, every function once and every
 * refusal that rollcall.h names.
 *
 * usage: abi_test PATH_OF_ROLLCALL_SERVER SCHEMA_FOLDER
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rollcall/rollcall.h"
#include "tests/client-core/abi/test_server.h"

/* --- The test's own small language ---------------------------------------------------------- */

static int failures = 0;
static const char* section = "";

static void check(bool holds, const char* claim, int line) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "abi_test.c:%d: %s: not so: %s\n", line, section, claim);
}
#define CHECK(claim) check((claim), #claim, __LINE__)

static void check_code(rollcall_replica* replica, int32_t code, int32_t wanted, const char* call,
                       int line) {
  if (code == wanted) return;
  ++failures;
  fprintf(stderr, "abi_test.c:%d: %s: %s gave %d (%s), not %d: %s\n", line, section, call,
          (int)code, rollcall_error_name(code), (int)wanted, rollcall_last_error(replica));
}
#define CODE(replica, wanted, call) check_code((replica), (call), (wanted), #call, __LINE__)
#define OK(replica, call) CODE(replica, ROLLCALL_OK, call)

enum {
  E_MALFORMED = 200,
  E_TRUNCATED = 201,
  E_CODE_UNKNOWN = 304,
  E_PIN_MISMATCH = 306,
  E_UNKNOWN_ROW = 501,
  E_UNKNOWN_FIELD = 502,
  E_UNKNOWN_COLLECTION = 503,
  E_BAD_VALUE = 504,
  E_APPEND_ONLY = 506,
  E_WRONG_ID = 509
};

#define ID_BYTES 37

/* True when the text that a call gave holds the piece; frees the text. */
static bool holds(char* text, const char* piece) {
  const bool found = text != NULL && strstr(text, piece) != NULL;
  if (!found) fprintf(stderr, "%s is not in %s\n", piece, text == NULL ? "(nothing)" : text);
  rollcall_free(text);
  return found;
}

static char* status_of(rollcall_replica* replica) {
  char* json = NULL;
  OK(replica, rollcall_status(replica, &json));
  return json;
}

/* The text of the first member of this name in a JSON text. */
static void text_of(const char* json, const char* name, char* out, size_t out_bytes) {
  char mark[64];
  const char* start = NULL;
  out[0] = '\0';
  snprintf(mark, sizeof mark, "\"%s\":\"", name);
  start = json == NULL ? NULL : strstr(json, mark);
  if (start == NULL) return;
  start += strlen(mark);
  snprintf(out, out_bytes, "%.*s", (int)strcspn(start, "\""), start);
}

static bool is_pending(rollcall_replica* replica) {
  char* json = status_of(replica);
  const bool nothing = json != NULL && strstr(json, "\"pending\":0,") != NULL;
  rollcall_free(json);
  return !nothing;
}

static int64_t number_of(rollcall_replica* replica, const char* sql) {
  rollcall_rows* rows = NULL;
  int64_t number = -1;
  OK(replica, rollcall_query(replica, sql, NULL, &rows));
  CHECK(rollcall_rows_next(rows) == 1);
  number = rollcall_rows_integer(rows, 0);
  rollcall_rows_close(rows);
  return number;
}

static void put_person(rollcall_replica* replica, const char* fields, char* id) {
  OK(replica, rollcall_begin(replica));
  OK(replica, rollcall_put(replica, "person", NULL, fields, id));
  OK(replica, rollcall_commit(replica, NULL));
}

static void set_person(rollcall_replica* replica, const char* id, const char* fields) {
  OK(replica, rollcall_begin(replica));
  OK(replica, rollcall_set(replica, "person", id, fields));
  OK(replica, rollcall_commit(replica, NULL));
}

static void sync_now(rollcall_replica* replica) { OK(replica, rollcall_sync(replica, NULL, NULL)); }

/* --- The world: one server, two devices ------------------------------------------------------ */

#define SCOPE "unit/nc/wake"

static char folder[200];
static struct test_server server;
static rollcall_replica* ada;
static rollcall_replica* ben;

static void path_in_folder(const char* name, char* out, size_t out_bytes) {
  snprintf(out, out_bytes, "%s/%s", folder, name);
}

static void invite(const char* label, char* link, size_t link_bytes, char* code,
                   size_t code_bytes) {
  char said[1000];
  const char* words[] = {"invite",  server.folder, "nc",     "--label", label,
                         "--scope", SCOPE,         "--json", NULL};
  test_server_command(&server, words, said, sizeof said);
  text_of(said, "link", link, link_bytes);
  text_of(said, "code", code, code_bytes);
}

/* --- What must hold --------------------------------------------------------------------------- */

static void it_names_its_versions_and_errors(void) {
  CHECK(rollcall_abi_version() == ROLLCALL_ABI_VERSION);
  CHECK(ROLLCALL_ABI_VERSION == 1);
  CHECK(strcmp(rollcall_version(), "0.1.0") == 0);
  CHECK(strcmp(rollcall_error_name(ROLLCALL_E_OPEN_ELSEWHERE), "open_elsewhere") == 0);
  CHECK(strcmp(rollcall_error_name(ROLLCALL_E_NOT_ROLLCALL), "not_rollcall") == 0);
  CHECK(strcmp(rollcall_error_name(54321), "unknown") == 0);
}

static void nothing_in_place_of_an_object_is_an_error_not_a_crash(void) {
  const int32_t wrong = ROLLCALL_E_INVALID_ARGUMENT;
  char* json = NULL;
  rollcall_rows* rows = NULL;
  rollcall_replica* made = NULL;
  rollcall_error error;
  ROLLCALL_OPTIONS(rollcall_enroll_options, enroll);
  ROLLCALL_OPTIONS(rollcall_open_options, open_options);

  CODE(NULL, wrong, rollcall_open(NULL, &made, &error));
  CHECK(error.code == wrong && error.message[0] != '\0' && made == NULL);
  CODE(NULL, wrong, rollcall_open(&open_options, &made, NULL)); /* no path */
  open_options.path = "never.db";
  CODE(NULL, wrong, rollcall_open(&open_options, NULL, &error));
  open_options.size = 3;
  CODE(NULL, wrong, rollcall_open(&open_options, &made, &error));
  CODE(NULL, wrong, rollcall_enroll(NULL, &made, &error));
  CODE(NULL, wrong, rollcall_enroll(&enroll, &made, &error));
  enroll.path = "never.db";
  CODE(NULL, wrong, rollcall_enroll(&enroll, &made, &error)); /* no way in */
  CHECK(access("never.db", F_OK) != 0);

  CODE(NULL, wrong, rollcall_begin(NULL));
  CODE(NULL, wrong, rollcall_put(NULL, "person", NULL, "{}", NULL));
  CODE(NULL, wrong, rollcall_commit(NULL, NULL));
  CODE(NULL, wrong, rollcall_query(NULL, "SELECT 1", NULL, &rows));
  CODE(NULL, wrong, rollcall_status(NULL, &json));
  CODE(NULL, wrong, rollcall_sync(NULL, NULL, NULL));
  CODE(NULL, wrong, rollcall_background_start(NULL));
  CHECK(rollcall_rows_next(NULL) == -wrong);
  CHECK(rollcall_rows_columns(NULL) == 0 && rollcall_rows_kind(NULL, 0) == 0);
  CHECK(rollcall_rows_integer(NULL, 0) == 0 && rollcall_rows_name(NULL, 0)[0] == '\0');
  CHECK(rollcall_rows_bytes(NULL, 0, NULL)[0] == '\0');
  CHECK(rollcall_last_error(NULL)[0] == '\0');
  rollcall_rollback(NULL);
  rollcall_rows_close(NULL);
  rollcall_unobserve(NULL, 1);
  rollcall_wake(NULL);
  rollcall_background_stop(NULL);
  rollcall_close(NULL);
  rollcall_free(NULL);
}

static void an_invitation_is_refused_before_anything_is_made_of_it(void) {
  char path[300], link[500], code[20], wrong_pin[500];
  rollcall_replica* made = NULL;
  rollcall_error error;
  ROLLCALL_OPTIONS(rollcall_enroll_options, options);
  path_in_folder("never.db", path, sizeof path);
  options.path = path;

  options.link = "http://127.0.0.1/enroll#nc";
  CODE(NULL, E_MALFORMED, rollcall_enroll(&options, &made, &error));

  options.link = NULL;
  options.url = "http://127.0.0.1:1"; /* nobody listens on the port of tcpmux */
  options.space = "nc";
  options.code = "7KQM-2XWD";
  CODE(NULL, ROLLCALL_E_UNREACHABLE, rollcall_enroll(&options, &made, &error));

  invite("nobody", link, sizeof link, code, sizeof code);
  snprintf(wrong_pin, sizeof wrong_pin, "%s", link);
  wrong_pin[strlen(wrong_pin) - 20] = wrong_pin[strlen(wrong_pin) - 20] == 'A' ? 'B' : 'A';
  options.link = wrong_pin;
  CODE(NULL, E_PIN_MISMATCH, rollcall_enroll(&options, &made, &error));
  CHECK(error.code == E_PIN_MISMATCH && strstr(error.message, "127.0.0.1") != NULL);
  CHECK(access(path, F_OK) != 0);
  CHECK(made == NULL);

  path_in_folder("no such folder/never.db", path, sizeof path);
  invite("nobody", link, sizeof link, code, sizeof code);
  options.link = link;
  CHECK(rollcall_enroll(&options, &made, &error) != 0);
  /* A message that is longer than its place is cut between characters. */
  {
    char long_path[900] = "";
    const unsigned char* last = NULL;
    ROLLCALL_OPTIONS(rollcall_open_options, opening);
    for (int i = 0; i < 290; ++i) strcat(long_path, "\xe2\x82\xac");
    opening.path = long_path;
    CHECK(rollcall_open(&opening, &made, &error) != 0);
    last = (const unsigned char*)error.message + strlen(error.message) - 1;
    CHECK(strlen(error.message) > sizeof error.message - 5 && last[0] == 0xac && last[-2] == 0xe2);
  }

  path_in_folder("somebodys.txt", path, sizeof path);
  {
    FILE* file = fopen(path, "w");
    fputs(
        "Somebody's own words, longer than any header of a database file could ever be: one "
        "hundred bytes.\n",
        file);
    fclose(file);
  }
  CODE(NULL, ROLLCALL_E_ALREADY_EXISTS, rollcall_enroll(&options, &made, &error));
  {
    ROLLCALL_OPTIONS(rollcall_open_options, opening);
    opening.path = path;
    CODE(NULL, ROLLCALL_E_NOT_A_REPLICA, rollcall_open(&opening, &made, &error));
  }
  {
    char first[20] = "";
    FILE* file = fopen(path, "r");
    CHECK(fgets(first, sizeof first, file) != NULL && strcmp(first, "Somebody's own word") == 0);
    fclose(file);
  }
  /* Neither a place that cannot be written nor a file that is in use spent the invitation. */
  path_in_folder("ada.db", path, sizeof path);
  options.label = "Ada's phone";
  CODE(NULL, ROLLCALL_OK, rollcall_enroll(&options, &ada, &error));
  path_in_folder("again.db", path, sizeof path);
  CODE(NULL, E_CODE_UNKNOWN, rollcall_enroll(&options, &made, &error)); /* good once */
  CHECK(access(path, F_OK) != 0);
}

/* What rollcall_enroll_options was, had it been published without its last two members. */
struct older_enroll_options {
  size_t size;
  const char* path;
  const char* link;
  const char* url;
  const char* space;
  const char* code;
};

static void an_older_callers_smaller_options_are_understood(void) {
  char path[300], link[500], code[20], url[60];
  rollcall_error error;
  struct {
    struct older_enroll_options options;
    char beyond[64]; /* must not be read */
  } older;
  memset(&older.options, 0, sizeof older.options);
  memset(older.beyond, 0xff, sizeof older.beyond);
  path_in_folder("ben.db", path, sizeof path);
  invite("ben", link, sizeof link, code, sizeof code);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", server.port);
  older.options.size = sizeof older.options;
  older.options.path = path;
  older.options.url = url;
  older.options.space = "nc";
  older.options.code = code;
  CODE(NULL, ROLLCALL_OK, rollcall_enroll((const rollcall_enroll_options*)&older, &ben, &error));
  CHECK(holds(status_of(ben), "\"label\":\"ben\""));
  CHECK(holds(status_of(ben), "\"path\":\"" SCOPE "\""));
}

static void a_replica_is_open_once(void) {
  char path[300];
  rollcall_replica* second = NULL;
  rollcall_error error;
  struct {
    rollcall_open_options options;
    char newer[64]; /* a newer caller's members */
  } newer;
  ROLLCALL_OPTIONS(rollcall_open_options, options);
  options.path = path;
  path_in_folder("ada.db", path, sizeof path);
  CODE(NULL, ROLLCALL_E_OPEN_ELSEWHERE, rollcall_open(&options, &second, &error));
  CHECK(second == NULL && strstr(error.message, "ada.db") != NULL);
  path_in_folder("none.db", path, sizeof path);
  CODE(NULL, ROLLCALL_E_NOT_FOUND, rollcall_open(&options, &second, &error));
  CHECK(access(path, F_OK) != 0);

  rollcall_close(ada);
  memset(&newer, 0, sizeof newer);
  memset(newer.newer, 1, sizeof newer.newer);
  newer.options.size = sizeof newer;
  newer.options.path = path;
  path_in_folder("ada.db", path, sizeof path);
  CODE(NULL, ROLLCALL_OK, rollcall_open(&newer.options, &ada, &error));
}

static char zoe[ID_BYTES];
static const char nobody[] = "00000000-0000-7000-8000-000000000000";

static void writes_are_checked_one_by_one_and_committed_together(void) {
  uint64_t number = 0;
  char id[ID_BYTES] = "";
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT,
       rollcall_put(ada, "person", NULL, "{\"given_name\":\"X\"}", id)); /* no rollcall_begin */
  CHECK(strstr(rollcall_last_error(ada), "rollcall_begin") != NULL);

  OK(ada, rollcall_begin(ada));
  CODE(ada, ROLLCALL_E_ALREADY_EXISTS, rollcall_begin(ada));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_sync(ada, NULL, NULL));
  OK(ada, rollcall_put(ada, "person", NULL,
                       "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Zo\xc3\xab\","
                       "\"family_name\":\"Okafor\",\"phones\":[\"+1 919 555 0100\"]}",
                       zoe));
  CHECK(strlen(zoe) == 36);
  OK(ada, rollcall_set(ada, "person", zoe, "{\"address\":\"1 Oak Street\"}"));
  OK(ada, rollcall_add(ada, "person", zoe, "phones", "\"+1 919 555 0199\""));
  OK(ada, rollcall_remove(ada, "person", zoe, "phones", "\"+1 919 555 0100\""));

  CODE(ada, E_TRUNCATED, rollcall_put(ada, "person", NULL, "{\"given_name\":", id));
  CODE(ada, E_MALFORMED, rollcall_put(ada, "person", NULL, "{\"given_name\":}", id));
  CODE(ada, E_BAD_VALUE, rollcall_put(ada, "person", NULL, "[]", id));
  CODE(ada, E_BAD_VALUE, rollcall_put(ada, "person", NULL, "{\"given_name\":7}", id));
  CODE(ada, E_UNKNOWN_FIELD, rollcall_put(ada, "person", NULL, "{\"shoe_size\":7}", id));
  CODE(ada, E_UNKNOWN_COLLECTION, rollcall_put(ada, "shoe", NULL, "{}", id));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_put(ada, NULL, NULL, "{}", id));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_put(ada, "person", NULL, NULL, id));
  CODE(ada, E_WRONG_ID,
       rollcall_put(ada, "unit", zoe, "{\"path\":\"nc/wake\",\"name\":\"W\"}", id));
  CODE(ada, E_UNKNOWN_ROW, rollcall_set(ada, "person", nobody, "{\"given_name\":\"X\"}"));
  CODE(ada, E_BAD_VALUE, rollcall_increment(ada, "person", zoe, "given_name", 1));
  CODE(ada, E_BAD_VALUE, rollcall_undo(ada, "person", zoe, "given_name", "\"X\""));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_add(ada, "person", zoe, NULL, "\"X\""));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_add(ada, "person", zoe, "phones", NULL));
  CHECK(rollcall_set(ada, "person", "no id", "{}") != 0);
  OK(ada, rollcall_commit(ada, &number));
  CHECK(number == 1);
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_commit(ada, &number)); /* that is over */
  CHECK(number_of(ada, "SELECT count(*) FROM person") == 1); /* nothing of what was refused */

  OK(ada, rollcall_begin(ada));
  OK(ada, rollcall_delete(ada, "person", zoe));
  rollcall_rollback(ada);
  CHECK(number_of(ada, "SELECT count(*) FROM person") == 1);

  OK(ada, rollcall_begin(ada));
  OK(ada, rollcall_commit(ada, &number));
  CHECK(number == 0); /* nothing was written */

  OK(ada, rollcall_begin(ada));
  OK(ada, rollcall_put(ada, "activity", NULL,
                       "{\"unit\":\"nc/wake/1-01\",\"kind\":\"door\",\"at\":1790000000000}", id));
  OK(ada, rollcall_commit(ada, &number));
  CHECK(number == 2);
  OK(ada, rollcall_begin(ada));
  CODE(ada, E_APPEND_ONLY, rollcall_set(ada, "activity", id, "{\"note\":\"later\"}"));
  rollcall_rollback(ada);
  CHECK(holds(status_of(ada), "\"pending\":2,"));
}

static void a_ladder_goes_down_only_by_undo(void) {
  char* json = NULL;
  set_person(ada, zoe, "{\"consent\":\"withdrawn\"}");
  set_person(ada, zoe, "{\"consent\":\"given\"}"); /* lower: stays */
  OK(ada, rollcall_get(ada, "person", zoe, &json));
  CHECK(holds(json, "\"consent\":\"withdrawn\""));
  OK(ada, rollcall_begin(ada));
  OK(ada, rollcall_undo(ada, "person", zoe, "consent", "\"given\""));
  OK(ada, rollcall_commit(ada, NULL));
  OK(ada, rollcall_get(ada, "person", zoe, &json));
  CHECK(holds(json, "\"consent\":\"given\""));
}

static void rows_are_read_with_plain_sql(void) {
  rollcall_rows* rows = NULL;
  char parameters[100];
  size_t length = 0;
  OK(ada,
     rollcall_query(ada,
                    "SELECT id, given_name, 41 + ?2 AS answer, photo FROM person "
                    "WHERE id = ?1 AND family_name = ?3",
                    "[{\"id\":\"00000000-0000-7000-8000-000000000000\"},1,\"Okafor\"]", &rows));
  CHECK(rollcall_rows_next(rows) == 0); /* somebody else's id */
  rollcall_rows_close(rows);

  snprintf(parameters, sizeof parameters, "[{\"id\":\"%s\"},1,\"Okafor\"]", zoe);
  OK(ada, rollcall_query(ada,
                         "SELECT id, given_name, 41 + ?2 AS answer, photo FROM person "
                         "WHERE id = ?1 AND family_name = ?3",
                         parameters, &rows));
  CHECK(rollcall_rows_columns(rows) == 4);
  CHECK(strcmp(rollcall_rows_name(rows, 2), "answer") == 0);
  CHECK(rollcall_rows_next(rows) == 1);
  CHECK(rollcall_rows_kind(rows, 0) == 4);
  rollcall_rows_bytes(rows, 0, &length);
  CHECK(length == 16);
  CHECK(rollcall_rows_kind(rows, 1) == 3);
  CHECK(strcmp(rollcall_rows_bytes(rows, 1, &length), "Zo\xc3\xab") == 0 && length == 4);
  CHECK(rollcall_rows_kind(rows, 2) == 2 && rollcall_rows_integer(rows, 2) == 42);
  CHECK(rollcall_rows_kind(rows, 3) == 0);
  CHECK(rollcall_rows_bytes(rows, 3, &length)[0] == '\0' && length == 0);
  CHECK(rollcall_rows_kind(rows, 4) == 0 && rollcall_rows_name(rows, -1)[0] == '\0');
  CHECK(rollcall_rows_next(rows) == 0);
  CHECK(rollcall_rows_kind(rows, 1) == 0); /* no row, no cell */
  rollcall_rows_close(rows);

  rows = NULL;
  CODE(ada, ROLLCALL_E_SQL, rollcall_query(ada, "SELECT nothing FROM person", NULL, &rows));
  CODE(ada, ROLLCALL_E_SQL, rollcall_query(ada, "SELECT ?1", "[1,2]", &rows));
  CODE(ada, E_MALFORMED, rollcall_query(ada, "SELECT ?1", "[1,]", &rows));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_query(ada, "SELECT ?1", "{}", &rows));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_query(ada, NULL, NULL, &rows));
  CHECK(rows == NULL);
}

static void sql_that_writes_is_refused(void) {
  static const char* const statements[] = {
      "DELETE FROM _person",     "UPDATE _person SET address = 'x'",
      "DROP VIEW person",        "INSERT INTO person DEFAULT VALUES",
      "PRAGMA user_version = 9", "ATTACH 'x.db' AS x",
      "BEGIN IMMEDIATE",         "SELECT secret FROM _identity"};
  size_t i;
  for (i = 0; i < sizeof statements / sizeof *statements; ++i) {
    rollcall_rows* rows = NULL;
    const int32_t code = rollcall_query(ada, statements[i], NULL, &rows);
    if (code != ROLLCALL_E_READ_ONLY && code != ROLLCALL_E_SQL) {
      ++failures;
      fprintf(stderr, "%s: \"%s\" gave %d\n", section, statements[i], (int)code);
    }
    rollcall_rows_close(rows);
  }
  CHECK(number_of(ada, "SELECT count(*) FROM person") == 1);
}

static void a_row_is_got_and_found(void) {
  char* json = NULL;
  OK(ada, rollcall_get(ada, "person", zoe, &json));
  CHECK(json != NULL && strstr(json, "\"phones\":[\"+1 919 555 0199\"]") != NULL);
  CHECK(json != NULL && strstr(json, "\"address\":\"1 Oak Street\"") != NULL);
  CHECK(holds(json, zoe));
  json = NULL;
  CODE(ada, ROLLCALL_E_NOT_FOUND, rollcall_get(ada, "person", nobody, &json));
  CODE(ada, E_UNKNOWN_COLLECTION, rollcall_get(ada, "shoe", zoe, &json));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_get(ada, "person", NULL, &json));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_get(ada, "person", zoe, NULL));
  CHECK(json == NULL);

  OK(ada, rollcall_search(ada, "person", "zoe oka", 5, &json)); /* folded, a beginning */
  CHECK(holds(json, zoe));
  OK(ada, rollcall_search(ada, "person", "\" OR *", 5, &json)); /* words, never syntax */
  CHECK(json != NULL && strcmp(json, "[]") == 0);
  rollcall_free(json);
  json = NULL;
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_search(ada, "scan", "zoe", 5, &json));
  CODE(ada, E_UNKNOWN_COLLECTION, rollcall_search(ada, "shoe", "zoe", 5, &json));
  OK(ada, rollcall_schema(ada, &json));
  CHECK(json != NULL && strstr(json, "\"name\":\"organizing\"") != NULL);
  CHECK(holds(json, "\"choices\":[\"given\",\"withdrawn\"]"));
}

/* What an observer saw: how often it was called, and how many people there were then. */
struct watch {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  rollcall_replica* replica;
  const char* sql;
  uint64_t observation; /* as the callback was told */
  unsigned calls;
  int64_t number;
};

static void seen(void* context, uint64_t observation) {
  struct watch* watch = context;
  rollcall_rows* rows = NULL;
  int64_t number = -1;
  if (rollcall_query(watch->replica, watch->sql, NULL, &rows) == ROLLCALL_OK &&
      rollcall_rows_next(rows) == 1) {
    number = rollcall_rows_integer(rows, 0);
  }
  rollcall_rows_close(rows);
  pthread_mutex_lock(&watch->mutex);
  watch->observation = observation;
  watch->number = number;
  ++watch->calls;
  pthread_cond_signal(&watch->changed);
  pthread_mutex_unlock(&watch->mutex);
}

static void watch_begin(struct watch* watch, rollcall_replica* replica, const char* sql) {
  memset(watch, 0, sizeof *watch);
  pthread_mutex_init(&watch->mutex, NULL);
  pthread_cond_init(&watch->changed, NULL);
  watch->replica = replica;
  watch->sql = sql;
}

/* Waits until the query gives this number; false after far longer than that takes. */
static bool watch_until(struct watch* watch, int64_t number) {
  struct timespec deadline;
  int code = 0;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 60;
  pthread_mutex_lock(&watch->mutex);
  while (watch->number != number && code == 0) {
    code = pthread_cond_timedwait(&watch->changed, &watch->mutex, &deadline);
  }
  pthread_mutex_unlock(&watch->mutex);
  return code == 0;
}

static void ends_itself(void* context, uint64_t observation) {
  struct watch* watch = context;
  ++watch->calls;
  rollcall_unobserve(watch->replica, observation);
}

static void an_observer_hears_of_changes_of_its_query(void) {
  struct watch watch, once;
  uint64_t observation = 0, ended = 0;
  char id[ID_BYTES];
  watch_begin(&watch, ada, "SELECT count(*) FROM person");
  watch_begin(&once, ada, "");
  OK(ada, rollcall_observe(ada, watch.sql, seen, &watch, &observation));
  OK(ada, rollcall_observe(ada, "SELECT id FROM person", ends_itself, &once, &ended));
  CHECK(watch.calls == 0 && observation != 0 && ended != 0 && ended != observation);
  put_person(ada, "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Ben\"}", id);
  CHECK(watch.calls == 1 && watch.observation == observation && watch.number == 2);
  OK(ada, rollcall_begin(ada));
  OK(ada, rollcall_delete(ada, "person", id));
  CHECK(watch.calls == 1); /* not before the commit */
  OK(ada, rollcall_commit(ada, NULL));
  CHECK(watch.calls == 2 && watch.number == 1);
  CHECK(once.calls == 1);
  rollcall_unobserve(ada, observation);
  put_person(ada, "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Cy\"}", id);
  CHECK(watch.calls == 2);
  CODE(ada, ROLLCALL_E_SQL, rollcall_observe(ada, "SELECT x FROM nowhere", seen, &watch, NULL));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT,
       rollcall_observe(ada, "SELECT id FROM person", NULL, &watch, NULL));
}

static int32_t stop_at_once(void* context, uint64_t rows_done, uint64_t rows_left,
                            uint64_t wire_bytes) {
  (void)rows_done;
  (void)rows_left;
  (void)wire_bytes;
  ++*(unsigned*)context;
  return 1;
}

/* A progress callback that tries what it must not. */
static int32_t syncs_itself(void* context, uint64_t rows_done, uint64_t rows_left,
                            uint64_t wire_bytes) {
  int64_t wait_ms = 0;
  char* json = NULL;
  (void)rows_done;
  (void)rows_left;
  (void)wire_bytes;
  ++*(unsigned*)context;
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_sync(ada, NULL, &json));
  CHECK(json == NULL && strstr(rollcall_last_error(ada), "callback") != NULL);
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_sync_step(ada, 0, 0, &wait_ms));
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_background_start(ada));
  CHECK(number_of(ada, "SELECT count(*) FROM person") >= 0); /* it may read */
  return 0;
}

static void an_observer_syncs(void* context, uint64_t observation) {
  (void)observation;
  ++*(unsigned*)context;
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_sync(ada, NULL, NULL));
}

static void a_sync_inside_a_callback_is_refused_and_harms_nothing(void) {
  unsigned progress = 0, observed = 0;
  uint64_t observation = 0;
  char id[ID_BYTES];
  ROLLCALL_OPTIONS(rollcall_sync_options, options);
  options.progress = syncs_itself;
  options.context = &progress;
  OK(ada,
     rollcall_observe(ada, "SELECT id FROM person", an_observer_syncs, &observed, &observation));
  put_person(ada, "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Dee\"}", id);
  CHECK(observed == 1);
  OK(ada, rollcall_sync(ada, &options, NULL));
  CHECK(progress > 0);
  rollcall_unobserve(ada, observation);
  CHECK(holds(status_of(ada), "\"pending\":0,"));
  OK(ada, rollcall_sync(ada, NULL, NULL)); /* and outside it goes as ever */
}

static void what_one_device_wrote_the_other_one_reads(void) {
  char said[1000], theirs[20], ours[20];
  char* json = NULL;
  unsigned calls = 0;
  const char* words[] = {"digest", server.folder, "nc", "--scope", SCOPE, "--json", NULL};
  ROLLCALL_OPTIONS(rollcall_sync_options, options);
  options.progress = stop_at_once;
  options.context = &calls;
  CODE(ada, ROLLCALL_E_TIMED_OUT, rollcall_sync(ada, &options, &json));
  CHECK(calls == 1);
  CHECK(holds(json, "\"received\":")); /* told after a failure too */

  OK(ada, rollcall_sync(ada, NULL, &json));
  CHECK(json != NULL && strstr(json, "\"pending\":0,") != NULL);
  CHECK(holds(json, "\"rejected\":0,"));
  sync_now(ben);
  CHECK(number_of(ben, "SELECT count(*) FROM person WHERE family_name = 'Okafor'") == 1);
  CHECK(number_of(ben, "SELECT count(*) FROM activity") == 1);
  CHECK(holds(status_of(ben), "\"state\":\"ok\""));

  test_server_command(&server, words, said, sizeof said);
  text_of(said, "digest", theirs, sizeof theirs);
  OK(ben, rollcall_digest(ben, SCOPE, 1, &json));
  text_of(json, "digest", ours, sizeof ours);
  rollcall_free(json);
  CHECK(strlen(theirs) == 16 && strcmp(ours, theirs) == 0);
  OK(ada, rollcall_digest(ada, SCOPE, 1, &json));
  CHECK(holds(json, theirs));
}

/* Both devices change one field of one row; which of the two values stands is the clocks' matter.
 */
static void edit_at_both(const char* ours, const char* theirs) {
  char fields[100];
  snprintf(fields, sizeof fields, "{\"address\":\"%s\"}", ours);
  set_person(ada, zoe, fields);
  snprintf(fields, sizeof fields, "{\"address\":\"%s\"}", theirs);
  set_person(ben, zoe, fields);
  sync_now(ada);
  sync_now(ben);
  sync_now(ada);
}

static bool address_is(rollcall_replica* replica, const char* address) {
  char wanted[100];
  char* json = NULL;
  snprintf(wanted, sizeof wanted, "\"address\":\"%s\"", address);
  OK(replica, rollcall_get(replica, "person", zoe, &json));
  return holds(json, wanted);
}

static void concurrent_edits_stand_as_conflicts_until_somebody_decides(void) {
  char* json = NULL;
  char name[200], again[200], standing[40], losing[40];
  edit_at_both("2 Elm Street", "3 Pine Street");
  CHECK(holds(status_of(ada), "\"conflicts\":1,"));
  CHECK(holds(status_of(ben), "\"conflicts\":1,"));
  OK(ben, rollcall_conflicts(ben, &json));
  text_of(json, "conflict", name, sizeof name);
  text_of(json, "value", standing, sizeof standing);
  text_of(json, "losing", losing, sizeof losing);
  CHECK(holds(json, "\"field\":\"address\""));
  CHECK(strcmp(standing, losing) != 0);
  CHECK(strcmp(losing, "2 Elm Street") == 0 || strcmp(losing, "3 Pine Street") == 0);
  CHECK(address_is(ada, standing) && address_is(ben, standing));
  OK(ada, rollcall_conflicts(ada, &json));
  text_of(json, "conflict", again, sizeof again);
  rollcall_free(json);
  CHECK(name[0] != '\0' && strcmp(name, again) == 0);

  CODE(ben, ROLLCALL_E_INVALID_ARGUMENT, rollcall_conflict_restore(ben, "person/x"));
  CODE(ben, ROLLCALL_E_INVALID_ARGUMENT, rollcall_conflict_restore(ben, NULL));
  OK(ben, rollcall_conflict_restore(ben, name));
  CHECK(address_is(ben, losing));
  sync_now(ben);
  sync_now(ada);
  CHECK(holds(status_of(ada), "\"conflicts\":0,"));
  CHECK(address_is(ada, losing));
  CODE(ada, ROLLCALL_E_NOT_FOUND, rollcall_conflict_close(ada, name));

  edit_at_both("4 Mill Street", "5 Main Street");
  OK(ben, rollcall_conflicts(ben, &json));
  text_of(json, "conflict", name, sizeof name);
  text_of(json, "value", standing, sizeof standing);
  rollcall_free(json);
  OK(ben, rollcall_conflict_close(ben, name));
  CHECK(holds(status_of(ben), "\"conflicts\":0,"));
  sync_now(ben);
  sync_now(ada);
  CHECK(holds(status_of(ada), "\"conflicts\":0,"));
  CHECK(address_is(ada, standing));
}

static uint64_t first_in_tray(rollcall_replica* replica) {
  char* json = NULL;
  const char* at = NULL;
  uint64_t number = 0;
  OK(replica, rollcall_tray(replica, &json));
  at = json == NULL ? NULL : strstr(json, "\"number\":");
  if (at != NULL) number = strtoull(at + strlen("\"number\":"), NULL, 10);
  rollcall_free(json);
  return number;
}

static void what_the_server_refuses_waits_in_the_tray(void) {
  char id[ID_BYTES];
  char* json = NULL;
  uint64_t number = 0, second = 0;
  /* Ada has no right in Durham County. */
  put_person(ada, "{\"unit\":\"nc/durham/12\",\"given_name\":\"Del\"}", id);
  sync_now(ada);
  CHECK(holds(status_of(ada), "\"rejected\":1,"));
  CHECK(number_of(ada, "SELECT count(*) FROM person WHERE given_name = 'Del'") == 0);
  OK(ada, rollcall_tray(ada, &json));
  CHECK(json != NULL && strstr(json, "\"code\":\"not_allowed\"") != NULL);
  CHECK(holds(json, "\"verdict\":\"rejected\""));
  number = first_in_tray(ada);
  CHECK(number != 0);
  OK(ada, rollcall_tray_export(ada, number, &json));
  CHECK(holds(json, "\"given_name\":\"Del\""));

  OK(ada, rollcall_tray_retry(ada, number));
  CHECK(holds(status_of(ada), "\"rejected\":0,"));
  CHECK(number_of(ada, "SELECT count(*) FROM person WHERE given_name = 'Del'") == 1);
  sync_now(ada);
  second = first_in_tray(ada);
  CHECK(second > number);
  CODE(ada, ROLLCALL_E_NOT_FOUND, rollcall_tray_retry(ada, number));
  OK(ada, rollcall_tray_discard(ada, second));
  CODE(ada, ROLLCALL_E_NOT_FOUND, rollcall_tray_export(ada, second, &json));
  CHECK(first_in_tray(ada) == 0);
}

static void the_background_thread_brings_what_others_write(void) {
  struct watch watch;
  char id[ID_BYTES];
  watch_begin(&watch, ben, "SELECT count(*) FROM person WHERE given_name LIKE 'Live%'");
  OK(ben, rollcall_observe(ben, watch.sql, seen, &watch, NULL));
  OK(ada, rollcall_background_start(ada));
  OK(ben, rollcall_background_start(ben));
  OK(ben, rollcall_background_start(ben)); /* once is enough */
  CODE(ben, ROLLCALL_E_INVALID_ARGUMENT, rollcall_sync(ben, NULL, NULL));
  put_person(ada, "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Live 1\"}", id);
  CHECK(watch_until(&watch, 1));
  CHECK(number_of(ben, watch.sql) == 1); /* reading beside the thread */

  /* Its replies wait for an open transaction, and the transaction does not fail by them. */
  OK(ben, rollcall_begin(ben));
  put_person(ada, "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Live 2\"}", id);
  OK(ben, rollcall_put(ben, "person", NULL, "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Live 3\"}",
                       id));
  rollcall_wake(ben);
  OK(ben, rollcall_commit(ben, NULL));
  CHECK(watch_until(&watch, 3));

  rollcall_background_stop(ada);
  rollcall_background_stop(ben);
  rollcall_background_stop(ben);
  put_person(ada, "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Live 4\"}", id);
  CHECK(number_of(ben, watch.sql) == 3);
  CHECK(is_pending(ada));
}

static void steps_keep_a_replica_in_sync_too(void) {
  struct watch watch;
  int64_t wait_ms = -2;
  int step;
  watch_begin(&watch, ben, "SELECT count(*) FROM person WHERE given_name = 'Live 4'");
  CODE(ada, ROLLCALL_E_INVALID_ARGUMENT, rollcall_sync_step(NULL, 0, 0, &wait_ms));
  for (step = 0; step < 600 && (number_of(ben, watch.sql) == 0 || is_pending(ada)); ++step) {
    OK(ada, rollcall_sync_step(ada, 50, 0, &wait_ms));
    CHECK(wait_ms >= -1);
    OK(ben, rollcall_sync_step(ben, 50, 100000, NULL));
  }
  CHECK(number_of(ben, watch.sql) == 1);
  CHECK(holds(status_of(ada), "\"pending\":0,"));
  sync_now(ada); /* the long poll that the steps left is given up */
}

static void without_a_server_work_goes_on(void) {
  char id[ID_BYTES], path[300];
  char* json = NULL;
  rollcall_error error;
  ROLLCALL_OPTIONS(rollcall_sync_options, options);
  ROLLCALL_OPTIONS(rollcall_open_options, opening);
  options.attempts = 2;
  test_server_stop(&server);
  put_person(ada, "{\"unit\":\"nc/wake/1-01\",\"given_name\":\"Offline\"}", id);
  CODE(ada, ROLLCALL_E_UNREACHABLE, rollcall_sync(ada, &options, &json));
  CHECK(strstr(rollcall_last_error(ada), "local work is kept") != NULL);
  CHECK(holds(json, "\"pending\":1,"));
  CHECK(holds(status_of(ada), "\"last_error\":\"the server cannot be reached"));
  rollcall_close(ada);

  path_in_folder("ada.db", path, sizeof path);
  opening.path = path;
  opening.not_conflicts = "person.address,registration.admitted";
  CODE(NULL, ROLLCALL_OK, rollcall_open(&opening, &ada, &error));
  CHECK(number_of(ada, "SELECT count(*) FROM person WHERE given_name = 'Offline'") == 1);

  test_server_start(&server);
  edit_at_both("6 Church Street", "7 Maple Street");
  CHECK(number_of(ben, "SELECT count(*) FROM person WHERE given_name = 'Offline'") == 1);
  CHECK(holds(status_of(ada), "\"conflicts\":0,")); /* one that is none of Ada's */
  CHECK(holds(status_of(ben), "\"conflicts\":1,"));
}

/* --- The run ---------------------------------------------------------------------------------- */

#define RUN(claim)                    \
  do {                                \
    section = #claim;                 \
    fprintf(stderr, "%s\n", section); \
    claim();                          \
  } while (0)

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  snprintf(folder, sizeof folder, "%s/rollcall-abi-XXXXXX",
           getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR"));
  if (mkdtemp(folder) == NULL) return 2;
  RUN(it_names_its_versions_and_errors);
  RUN(nothing_in_place_of_an_object_is_an_error_not_a_crash);
  test_server_make(&server, argv[1], argv[2], folder);
  test_server_start(&server);
  RUN(an_invitation_is_refused_before_anything_is_made_of_it);
  RUN(an_older_callers_smaller_options_are_understood);
  RUN(a_replica_is_open_once);
  RUN(writes_are_checked_one_by_one_and_committed_together);
  RUN(a_ladder_goes_down_only_by_undo);
  RUN(rows_are_read_with_plain_sql);
  RUN(sql_that_writes_is_refused);
  RUN(a_row_is_got_and_found);
  RUN(an_observer_hears_of_changes_of_its_query);
  RUN(what_one_device_wrote_the_other_one_reads);
  RUN(a_sync_inside_a_callback_is_refused_and_harms_nothing);
  RUN(concurrent_edits_stand_as_conflicts_until_somebody_decides);
  RUN(what_the_server_refuses_waits_in_the_tray);
  RUN(the_background_thread_brings_what_others_write);
  RUN(steps_keep_a_replica_in_sync_too);
  RUN(without_a_server_work_goes_on);
  rollcall_close(ada);
  rollcall_close(ben);
  test_server_stop(&server);
  {
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) fprintf(stderr, "%s stays\n", folder);
  }
  if (failures != 0) fprintf(stderr, "%d claims do not hold\n", failures);
  return failures == 0 ? 0 : 1;
}
