#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/captain/terminal.h"
#include "examples/organizing/grievances.h"
#include "rollcall/rollcall.hpp"

namespace rollcall::captain {

// What every command has at hand.
struct Session {
  Terminal& terminal;
  client::Replica& replica;
};

// Rows as they are.
Exit put(Session session, const std::string& collection, const std::string& fields);
Exit set(Session session, const std::string& collection, const std::string& id,
         const std::vector<std::string>& assignments);
Exit erase(Session session, const std::string& collection, const std::string& id);
Exit get(Session session, const std::string& collection, const std::string& id);
Exit sql(Session session, const std::string& statement);

// Where things stand.
Exit status(Session session);
Exit digest(Session session, const std::string& scope, bool content);
Exit conflicts(Session session);
Exit restore_conflict(Session session, std::size_t number);
Exit close_conflict(Session session, std::size_t number);
Exit rejected(Session session);
Exit retry_rejected(Session session, std::uint64_t number);
Exit discard_rejected(Session session, std::uint64_t number);
Exit export_rejected(Session session);

Exit sync(Session session, std::int32_t attempts);
// Until interrupted.
Exit watch(Session session);

// The captain's own words.
Exit people_find(Session session, const std::string& words, std::int32_t limit);
Exit people_show(Session session, const std::string& person);
Exit log_contact(Session session, const std::string& person, const std::string& kind,
                 const std::string& outcome, const std::string& note);
Exit roster(Session session, bool vacancies_only);
Exit events(Session session);
Exit check_in(Session session, const std::string& event, const std::string& person_or_code,
              const std::string& gate);
Exit trainings(Session session);
Exit train(Session session, const std::string& offering, const std::string& person,
           const std::string& state);

// The listening team's.
struct GrievanceWords {
  organizing::NewGrievance grievance;  // a text of "-", or none, is read from standard input
  std::string id;
  std::string recovery_file;
};
Exit record_grievance(Session session, const GrievanceWords& words);
Exit list_grievances(Session session);
Exit open_grievance(Session session, const GrievanceWords& words);

struct KeyWords {
  std::string admin;       // a public key
  std::string admin_file;  // the admin's secret
  std::string recovery_file;
  std::string team = "listening";
  std::vector<std::string> add;  // KEY=LABEL
  std::vector<std::string> remove;
};
Exit new_keys(Session session, const KeyWords& words);
Exit show_keys(Session session);
Exit new_admin(Session session, const KeyWords& words);
// `keys team` and, with a recovery file, `keys succeed`.
Exit sign_team(Session session, const KeyWords& words);

}  // namespace rollcall::captain
