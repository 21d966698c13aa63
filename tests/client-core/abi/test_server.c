#define _POSIX_C_SOURCE 200809L

#include "tests/client-core/abi/test_server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 16

static void give_up(const char* what) {
  fprintf(stderr, "test server: %s\n", what);
  exit(1);
}

/* Starts the program with its standard output going into a pipe. */
static pid_t launch(const char* program, const char* const* words, FILE** output) {
  const char* arguments[WORDS_MAX + 2] = {program};
  int ends[2];
  pid_t pid;
  size_t count = 0;
  while (words[count] != NULL && count < WORDS_MAX) {
    arguments[count + 1] = words[count];
    ++count;
  }
  if (pipe(ends) != 0) give_up("no pipe");
  pid = fork();
  if (pid == -1) give_up("no process");
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execv(program, (char* const*)arguments);
    _exit(127);
  }
  close(ends[1]);
  *output = fdopen(ends[0], "r");
  return pid;
}

void test_server_command(const struct test_server* server, const char* const* words, char* said,
                         size_t said_bytes) {
  FILE* output = NULL;
  const pid_t pid = launch(server->program, words, &output);
  int status = 0;
  const size_t size = fread(said, 1, said_bytes - 1, output);
  said[size] = '\0';
  if (size > 0 && said[size - 1] == '\n') said[size - 1] = '\0';
  fclose(output);
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "rollcall-server %s %s\n", words[0], words[1]);
    give_up("a command failed");
  }
}

void test_server_make(struct test_server* server, const char* program, const char* schema,
                      const char* folder) {
  char said[1000];
  memset(server, 0, sizeof *server);
  server->program = program;
  snprintf(server->folder, sizeof server->folder, "%s/server", folder);
  {
    const char* words[] = {"init", server->folder, "--schema", schema, NULL};
    test_server_command(server, words, said, sizeof said);
  }
  {
    const char* words[] = {"space", "add", server->folder, "nc", "--name", "North Carolina", NULL};
    test_server_command(server, words, said, sizeof said);
  }
}

void test_server_start(struct test_server* server) {
  char listen[40];
  char line[200];
  const char* words[] = {"serve", server->folder, "--listen", listen, "--log", "error", NULL};
  const char* port = NULL;
  snprintf(listen, sizeof listen, "127.0.0.1:%d", server->port);
  server->pid = launch(server->program, words, &server->output);
  if (fgets(line, sizeof line, server->output) == NULL)
    give_up("the server ended before it listened");
  port = strstr(line, "http://127.0.0.1:");
  if (port == NULL) give_up("the server did not say where it listens");
  server->port = atoi(port + strlen("http://127.0.0.1:"));
}

void test_server_stop(struct test_server* server) {
  int status = 0;
  if (server->pid == 0) return;
  kill(server->pid, SIGTERM);
  if (waitpid(server->pid, &status, 0) != server->pid || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0) {
    give_up("the server did not end as it was told");
  }
  fclose(server->output);
  server->pid = 0;
}
