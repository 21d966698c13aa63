#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "rollcall/rollcall.hpp"

namespace rollcall::organizing {

using client::Outcome;

// Losing values of this field are no conflicts: a double is counted from the scans.
inline constexpr const char* not_conflicts = "registration.admitted";

struct PersonLine {
  std::string id;
  std::string name;   // "Ada Okafor (Addy)"
  std::string unit;   // "nc/wake/1-01"
  std::string phone;  // one of them, or empty
};

struct ContactLine {
  std::string id;
  std::int64_t at_ms = 0;
  std::string kind;
  std::string outcome;
  std::string note;
};

struct RosterLine {
  std::string id;
  std::string unit;
  std::string unit_name;
  std::string role;
  std::string person;  // id; empty: the seat is vacant
  std::string name;
  std::string status;
};

struct EventLine {
  std::string id;
  std::string title;
  std::string kind;
  std::string status;
  std::string venue;
  std::int64_t starts_at_ms = 0;
  std::int64_t registered = 0;
  std::int64_t admitted = 0;
  std::int64_t doubles = 0;
};

struct TrainingLine {
  std::string id;  // of the person's record; of the offering when nobody is asked for
  std::string offering;
  std::string title;
  std::string unit;
  std::int64_t starts_at_ms = 0;
  std::int64_t enrolled = 0;
  std::int64_t completed = 0;
  std::string state;  // the person's
};

struct PersonPage {
  PersonLine line;
  std::string json;                   // the row itself
  std::vector<ContactLine> contacts;  // newest first
  std::vector<RosterLine> roles;
  std::vector<TrainingLine> trainings;
};

// How a scan at the door went.
struct CheckIn {
  enum class Kind : std::uint8_t {
    admitted,       // go in
    double_scan,    // was let in before: see first_*
    not_registered  // has no registration for this event
  };
  Kind kind = Kind::not_registered;
  std::string scan;  // made for `admitted` and `double_scan`
  std::string registration;
  std::string name;
  std::int64_t first_at_ms = 0;  // the scan that admitted
  std::string first_gate;
};

// The words of field organizing over the public client API: what a captain, a trainer or a
// volunteer at the door says, whatever face they say it to. Keeps nothing itself.
class Organizing {
 public:
  explicit Organizing(client::Replica& replica) : replica_(replica) {}

  // Accents and case folded, each word as a beginning, best first.
  Outcome<std::vector<PersonLine>> find_people(const std::string& words, std::int32_t limit);
  Outcome<PersonPage> person(const std::string& id);
  // A contact is a fact: it is added, never changed. Gives its id.
  Outcome<std::string> log_contact(const std::string& person, const std::string& kind,
                                   const std::string& outcome, const std::string& note,
                                   std::int64_t at_ms);
  // Who holds which role; precincts without a captain as vacancies.
  Outcome<std::vector<RosterLine>> roster(bool vacancies_only);
  Outcome<std::vector<EventLine>> events();
  // By the id of a person or registration, or by a ticket's code. The scan is kept in any case;
  // in the same transaction the first one admits.
  Outcome<CheckIn> check_in(const std::string& event, const std::string& person_or_code,
                            const std::string& gate, std::int64_t at_ms);
  Outcome<std::vector<TrainingLine>> trainings();
  // enrolled < started < attended < completed; enrols who is not. Gives the record's id.
  Outcome<std::string> train(const std::string& offering, const std::string& person,
                             const std::string& state, std::int64_t at_ms);
  // Entry scans of a registration that another scan had admitted.
  Outcome<std::int64_t> doubles();

 private:
  struct Registration;
  Outcome<std::optional<Registration>> find_registration(const std::string& event,
                                                         const std::string& person_or_code);
  Outcome<std::string> unit_of(const std::string& person);

  client::Replica& replica_;
};

}  // namespace rollcall::organizing
