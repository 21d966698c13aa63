#include "server/commands/redaction.h"

#include <filesystem>

#include "server/commands/import_memory.h"
#include "server/commands/limits.h"

namespace rollcall {

Result<std::size_t> redact_all(const LogDoors& log, const std::set<ErasedRow>& rows) {
  std::size_t changed = 0;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const auto reader, log.open_reader());
    ROLLCALL_TRY_ASSIGN(const std::vector<std::int64_t> found, reader->transactions_naming(rows));
    if (found.empty()) return changed;
    const std::size_t changed_before = changed;
    for (std::size_t from = 0; from < found.size(); from += redacted_at_once) {
      const std::size_t count = std::min(found.size() - from, redacted_at_once);
      ROLLCALL_TRY_ASSIGN(const std::uint64_t done, log.redact({&found[from], count}));
      changed += done;
    }
    if (changed == changed_before) {
      return failure(ErrorCode::internal, "what " + std::to_string(found.size()) +
                                              " transactions wrote of it cannot be taken out");
    }
  }
}

Result<std::size_t> erase_again(Space& space, const std::string& imports, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const std::vector<ErasedRow> forgotten, space.forgotten_erasures());
  if (!forgotten.empty()) {
    ROLLCALL_TRY(space.erase_listed(forgotten, "erased before, and forgotten by a restored file"));
  }
  ROLLCALL_TRY_ASSIGN(const std::set<ErasedRow> rows, space.unfinished_erasures());
  if (rows.empty()) {
    ROLLCALL_TRY(space.agree_with_erasure_list());
    return std::size_t{0};
  }
  ROLLCALL_TRY_ASSIGN(const Sequence last, space.last_erasure());
  const LogDoors log{[&] { return space.open_reader(program.random); },
                     [&](std::span<const std::int64_t> transactions) -> Result<std::uint64_t> {
                       ROLLCALL_TRY_ASSIGN(const std::size_t changed, space.redact(transactions));
                       return std::uint64_t{changed};
                     }};
  ROLLCALL_TRY(redact_all(log, rows));
  ROLLCALL_TRY(forget_imported(imports, rows));
  ROLLCALL_TRY(space.scrub(last));
  ROLLCALL_TRY(space.agree_with_erasure_list());
  return rows.size();
}

Result<void> forget_imported(const std::string& imports, const std::set<ErasedRow>& rows) {
  if (!std::filesystem::exists(imports)) return {};
  ROLLCALL_TRY_ASSIGN(ImportMemory memory, ImportMemory::open(imports));
  return memory.forget(rows);
}

}  // namespace rollcall
