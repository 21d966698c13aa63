#include <cstdio>

#include <rollcall/rollcall.hpp>

using namespace rollcall::client;

int main(int, char** words) {  // embed FILE [LINK]: an invitation's link makes the file
  auto replica = words[2] ? Replica::enroll(words[1], words[2]) : Replica::open(words[1]);
  if (!replica) return std::puts(replica.error().message.c_str()), 1;

  auto written = replica->transaction([](Replica& to) -> Done {  // all on the disk, or nothing
    auto id = to.put("person", R"({"unit": "us/nc", "given_name": "Ada"})");
    if (!id) return id.error();
    return to.add("person", *id, "phones", R"("+1 919 555 0100")");
  });
  if (!written) return std::puts(written.error().message.c_str()), 1;

  auto people = replica->query("SELECT given_name FROM person");  // plain SQL, signal or not
  while (people && people->next()) std::puts(people->text(0).c_str());
  return replica->sync() ? 0 : 3;  // 3: no server now; the write waits for the next time
}
