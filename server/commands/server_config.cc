#include "server/commands/server_config.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

#include <toml++/toml.h>

#include "engine/clock/utc_time.h"
#include "server/commands/server_folder.h"
#include "server/http/http_server.h"

namespace rollcall {
namespace {

// Values of one table, each taken once; what was not asked for is no setting of ours.
class TableReader {
 public:
  TableReader(const std::string& file, const std::string& prefix, const toml::table* table)
      : file_(file), prefix_(prefix), table_(table) {}

  void text(std::string_view key, std::string& to) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty()) return wrong(*node, key, "is text in quotes");
    to = *value;
  }
  void flag(std::string_view key, bool& to) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<bool>();
    if (!value) return wrong(*node, key, "is true or false");
    to = *value;
  }
  template <class T>
  void number(std::string_view key, std::int64_t least, std::int64_t most, T& to) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < least || *value > most) {
      return wrong(*node, key,
                   "is a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    to = static_cast<T>(*value);
  }
  void level(std::string_view key, Log::Level& to) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::string>();
    const auto level = value ? log_level(*value) : std::nullopt;
    if (!level) return wrong(*node, key, "is \"debug\", \"info\", \"warn\", \"error\" or \"off\"");
    to = *level;
  }
  const toml::table* table(std::string_view key) {
    const toml::node* node = take(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) wrong(*node, key, "is a table: write [" + std::string(key) + "]");
    return node->as_table();
  }

  // Also when a key is left over.
  [[nodiscard]] Result<void> end() {
    if (problem_) return *problem_;
    if (table_ == nullptr) return {};
    for (const auto& [key, node] : *table_) {
      if (std::find(taken_.begin(), taken_.end(), key.str()) != taken_.end()) continue;
      std::string known;
      for (const std::string_view one : taken_)
        known += (known.empty() ? "" : ", ") + std::string(one);
      return failure(ErrorCode::invalid_argument, place(key.source()) + "there is no setting '" +
                                                      prefix_ + std::string(key.str()) +
                                                      "'; there are " + known);
    }
    return {};
  }

 private:
  const toml::node* take(std::string_view key) {
    taken_.push_back(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  std::string place(const toml::source_region& at) const {
    return file_ + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) +
           ": ";
  }
  void wrong(const toml::node& node, std::string_view key, const std::string& wanted) {
    if (problem_) return;
    problem_ = failure(ErrorCode::invalid_argument,
                       place(node.source()) + prefix_ + std::string(key) + " " + wanted);
  }

  const std::string& file_;
  const std::string prefix_;
  const toml::table* const table_;
  std::vector<std::string_view> taken_;
  std::optional<Error> problem_;
};

Result<ServerConfig> read_tables(const std::string& file, const toml::table& root) {
  constexpr std::int64_t files_max = 1'000'000;
  constexpr std::int64_t rate_max = 1'000'000;
  ServerConfig config;
  TableReader top(file, "", &root);
  top.text("folder", config.folder);

  TableReader serve(file, "serve.", top.table("serve"));
  serve.text("listen", config.serve.listen);
  serve.flag("behind_proxy", config.serve.behind_proxy);
  serve.level("log", config.serve.log);
  std::int64_t drain_s = config.serve.drain_ms / 1000;
  serve.number("drain_seconds", 0, 600, drain_s);
  config.serve.drain_ms = drain_s * 1000;

  TableReader tls(file, "tls.", top.table("tls"));
  tls.text("certificate", config.serve.tls_certificate);
  tls.text("key", config.serve.tls_key);
  tls.flag("pin", config.serve.pins_tls);

  TableReader limits(file, "limits.", top.table("limits"));
  AddressAllowance& address = config.serve.address;
  limits.number("connections", 1, files_max, config.serve.connections_max);
  limits.number("address_strangers", 1, files_max, address.strangers);
  limits.number("address_connects", 1, rate_max, address.connects);
  limits.number("address_connects_a_minute", 1, rate_max, address.connects_a_minute);
  limits.number("address_refusals", 1, rate_max, address.refusals);
  limits.number("address_refusals_a_minute", 1, rate_max, address.refusals_a_minute);
  std::int64_t stranger_idle_s = config.serve.stranger_idle_ms / 1000;
  limits.number("stranger_idle_seconds", 1, 3'600, stranger_idle_s);
  config.serve.stranger_idle_ms = stranger_idle_s * 1000;

  TableReader backup(file, "backup.", top.table("backup"));
  backup.text("to", config.backup_to);
  std::size_t keep = 0;
  backup.number("keep", 1, 100'000, keep);
  if (keep != 0) config.backup_keep = keep;

  for (TableReader* table : {&top, &serve, &tls, &limits, &backup}) ROLLCALL_TRY(table->end());
  return config;
}

std::string quoted(const std::string& text) { return text.empty() ? "\"\"" : "\"" + text + "\""; }

void print(const ServerConfig& config, std::ostream& out) {
  const ServeOptions& serve = config.serve;
  const auto flag = [](bool is) { return is ? "true" : "false"; };
  out << "folder = " << quoted(config.folder) << "\n\n[serve]\nlisten = " << quoted(serve.listen)
      << "\nbehind_proxy = " << flag(serve.behind_proxy)
      << "\nlog = " << quoted(std::string(log_level_names[static_cast<std::size_t>(serve.log)]))
      << "\ndrain_seconds = " << serve.drain_ms / 1000
      << "\n\n[tls]\ncertificate = " << quoted(serve.tls_certificate)
      << "\nkey = " << quoted(serve.tls_key) << "\npin = " << flag(serve.pins_tls)
      << "\n\n[limits]\nconnections = " << serve.connections_max
      << "\naddress_strangers = " << serve.address.strangers
      << "\naddress_connects = " << serve.address.connects
      << "\naddress_connects_a_minute = " << serve.address.connects_a_minute
      << "\naddress_refusals = " << serve.address.refusals
      << "\naddress_refusals_a_minute = " << serve.address.refusals_a_minute
      << "\nstranger_idle_seconds = " << serve.stranger_idle_ms / 1000
      << "\n\n[backup]\nto = " << quoted(config.backup_to) << "\n";
  if (config.backup_keep) out << "keep = " << *config.backup_keep << "\n";
}

}  // namespace

Result<ServerConfig> ServerConfig::read(const std::string& file) {
  try {
    return read_tables(file, toml::parse_file(file));
  } catch (const toml::parse_error& problem) {
    const toml::source_position at = problem.source().begin;
    const std::string place =
        at.line == 0 ? "" : ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    return failure(ErrorCode::invalid_argument,
                   file + place + ": " + std::string(problem.description()));
  }
}

Result<void> config_check_command(const std::string& file, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerConfig config, ServerConfig::read(file));
  if (!config.folder.empty()) {
    const auto folder = ServerFolder::open(config.folder);
    if (!folder) return folder.error();
  }
  ROLLCALL_TRY_ASSIGN(const HttpOptions http, http_options(config.serve, program.clock));
  ROLLCALL_TRY(HttpServer::check(http));
  print(config, program.out);
  program.err << "rollcall-server: " << file << " is right";
  if (http.tls)
    program.err << "; the certificate is good until " << utc_text(http.tls->expires_ms());
  program.err << "\n";
  return {};
}

}  // namespace rollcall
