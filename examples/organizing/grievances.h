#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rollcall/rollcall.hpp"

namespace rollcall::organizing {

using client::Outcome;

// What somebody told, as it is sealed: only `text` is always there.
struct Told {
  std::string text;
  std::string reporter;  // a name, a pseudonym, or empty
  std::string harm;
  std::string wishes;  // whether to be called, and with whom this may be shared
};

struct NewGrievance {
  std::string unit;  // "nc/wake/1-01"
  Told told;
  std::string themes;  // in the open, for the team's counts: never a name
  std::string stop;    // an event, or empty
  std::string amends;  // a grievance, or empty
  bool author_copy = true;
};

struct GrievanceLine {
  std::string id;
  std::int64_t at_ms = 0;
  std::string unit;
  std::string themes;
  std::string amends;
  bool opens = false;        // with this device's key
  std::int64_t version = 0;  // of the team that it was sealed to; 0 where it stays shut
};

struct GrievancePage {
  GrievanceLine line;
  Told told;
  std::string writer;     // a member's name; empty: nobody whom a list names
  std::string sealed_by;  // who sealed it anew for this device; empty: it opened as it was written
  std::string resealed;   // what opening it just now sealed for the team of now; empty: no need
  std::vector<std::string> amended_by;  // ids, oldest first
};

// What following the team's lists met.
struct TeamNews {
  std::string sealing;               // as rollcall_sealing tells it
  std::vector<std::string> refused;  // rows that pretend to be the team's list, and why
};

// The listening team's words over the public client API. Nothing here reads or writes a grievance
// in the clear: the library seals and opens it on this device. Keeps nothing itself.
class Grievances {
 public:
  explicit Grievances(client::Replica& replica) : replica_(replica) {}

  // Takes what versions of the team's list came by sync; those that the admin did not sign are
  // told.
  Outcome<TeamNews> follow_team();
  // Signs a version (rollcall_sealing_sign) and writes it as a row. `before` is called with the
  // report before anything is written: what is told once must be seen by then. False: it was not,
  // and nothing is written.
  template <class Before>
  Outcome<std::string> sign_team(const std::string& change, const Before& before) {
    auto news = follow_team();
    if (!news) return news.error();
    auto report = replica_.sign_team(change);
    if (!report) return report.error();
    if (!before(*report)) {
      return client::Failure{
          ROLLCALL_E_IO,
          "the recovery key could not be shown: nothing was signed; see where the output "
          "goes, and try again"};
    }
    auto written = write_list(*report);
    if (!written) return written.error();
    return *report;
  }

  Outcome<std::string> record(const NewGrievance& grievance, std::int64_t at_ms);
  Outcome<std::vector<GrievanceLine>> list();
  // With this device's key, or a recovery key as it was printed. What was sealed to an older team
  // is sealed anew for the team of now where this device is of it.
  Outcome<GrievancePage> open(const std::string& id, const std::string& recovery,
                              std::int64_t now_ms);

 private:
  struct Opened;
  client::Done write_list(const std::string& report);
  Outcome<Opened> open_any(const std::string& id, const std::string& recovery);
  Outcome<std::string> reseal(const GrievancePage& page, const std::string& body,
                              std::int64_t now_ms);

  client::Replica& replica_;
};

}  // namespace rollcall::organizing
