/* A rollcall-server process of a test's own, on a free loopback port, in a folder of its own. */
#ifndef ROLLCALL_TESTS_CLIENT_CORE_ABI_TEST_SERVER_H
#define ROLLCALL_TESTS_CLIENT_CORE_ABI_TEST_SERVER_H

#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct test_server { /* NOLINT(readability-identifier-naming): C */
  const char* program;
  char folder[300];
  int port; /* 0 until it was started once; the same one at every later start */
  pid_t pid;
  FILE* output;
};

/* Makes the server's folder inside `folder`, with this schema and the space "nc". All functions end
 * the test program when the server does not do as it is told. */
void test_server_make(struct test_server* server, const char* program, const char* schema,
                      const char* folder);
/* Starts it and waits until it listens. */
void test_server_start(struct test_server* server);
/* Asks it to end, and waits until it has. */
void test_server_stop(struct test_server* server);

/* Runs `rollcall-server <words…>` to its end; `words` ends in NULL. Its output, without the last
 * line's end, goes to `said`. */
void test_server_command(const struct test_server* server, const char* const* words, char* said,
                         size_t said_bytes);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
