#include "server/space/log_check.h"

#include <algorithm>
#include <utility>

#include "engine/protocol/chain.h"
#include "server/space/device_digits.h"

namespace rollcall {
namespace {

Error wrong(std::string what) { return failure(ErrorCode::corrupt, std::move(what)); }

// The lines of a request's signed text (engine/protocol/signing.h draws it).
struct SignedLines {
  std::string_view space;
  std::string_view device;
  std::string_view head;
};

std::optional<SignedLines> read_signed(std::string_view text) {
  constexpr std::size_t lines = 9;
  std::string_view line[lines];
  for (std::string_view& one : line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    one = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  if (!text.empty() || line[0] != "rollcall-1") return std::nullopt;
  return SignedLines{line[4], line[5], line[6]};
}

}  // namespace

// One device's chain, as far as it was walked.
struct LogCheck::Chain {
  const StoredDevice* device = nullptr;
  TxNumber last;
  Hash head;
  std::int64_t request = 0;  // that brought the last
  bool begun = false;        // there is a last, that a request brought
  std::vector<Gap> gaps;
};

Result<void> LogCheck::check_chains() {
  ROLLCALL_TRY_ASSIGN(const std::vector<DeviceNumber> numbers, snapshot_.devices().numbers());
  for (const DeviceNumber number : numbers) {
    ROLLCALL_TRY_ASSIGN(const std::optional<StoredDevice> device, snapshot_.devices().find(number));
    if (!device) return wrong("device " + device_digits(number) + " was there and is gone");
    Chain chain;
    chain.device = &*device;
    ROLLCALL_TRY_ASSIGN(chain.gaps, snapshot_.log().gaps(number));
    ROLLCALL_TRY(begin_at_fork(chain));
    ROLLCALL_TRY(snapshot_.log().each_of(
        number, [&](const LoggedTransaction& logged) { return check_transaction(chain, logged); }));
    if (chain.begun) ROLLCALL_TRY(end_request(chain));
    const DeviceRecord& record = device->record;
    if (chain.last != record.last_tx) {
      return wrong("device " + device_digits(number) + " (" + record.label +
                   "): its chain ends at " + std::to_string(chain.last.value) + ", and " +
                   std::to_string(record.last_tx.value) +
                   " were acknowledged: the last of it are missing");
    }
    if (chain.head != record.head) {
      return wrong("device " + device_digits(number) + " (" + record.label +
                   "): its stored chain head is not the one that its transactions lead to");
    }
    ++report_.devices;
  }
  ROLLCALL_TRY_ASSIGN(const std::vector<DeviceNumber> authors, snapshot_.log().authors());
  for (const DeviceNumber author : authors) {
    ROLLCALL_TRY_ASSIGN(const std::optional<StoredDevice> device, snapshot_.devices().find(author));
    if (!device) {
      return wrong("device " + device_digits(author) +
                   " has transactions in the log and is not among the devices: its entry is "
                   "missing");
    }
  }
  return {};
}

// The chain of a device that came from another one's by a fork goes on where that one's stood. One
// that came back after a restore stands where its ancestor's stands, until that is as far again, or
// goes on beyond what nobody kept.
Result<void> LogCheck::begin_at_fork(Chain& chain) {
  const DeviceRecord& record = chain.device->record;
  if (record.forked_from.value == 0) return {};
  chain.last = std::min(record.forked_at, record.last_tx);
  const DeviceNumber holder = chain.device->holder_of(chain.last);
  ROLLCALL_TRY_ASSIGN(const std::optional<StoredDevice> from, snapshot_.devices().find(holder));
  if (!from) {
    return wrong("device " + device_digits(record.number) + " came from device " +
                 device_digits(holder) + ", which is missing");
  }
  if (!chain.gaps.empty() && chain.gaps.front().first <= record.forked_at) {
    const Gap& gap = chain.gaps.front();
    chain.last = TxNumber(gap.first.value - 1);
    // Its ancestor may have brought back some of it since.
    const TxNumber held = std::min(record.forked_at, from->record.last_tx);
    const std::uint64_t found = held >= gap.first ? held.value - chain.last.value : 0;
    ROLLCALL_TRY(pass_gap(chain, gap.last.next()));
    report_.lost -= found;
    return {};
  }
  const auto head = snapshot_.log().head_at(cryptography_, from->record, chain.last);
  if (!head && head.error().code != ErrorCode::gap) return head.error();
  const bool is_at_fork = chain.last == record.forked_at;
  if (head) chain.head = *head;
  if (head && (!is_at_fork || *head == record.forked_head)) return {};
  return wrong("device " + device_digits(record.number) +
               " says that it goes on from transaction " + std::to_string(chain.last.value) +
               " of device " + device_digits(holder) +
               ", and the chain of that one was another there");
}

// After a restore a chain may go on beyond what its device did not keep: the log says where.
Result<void> LogCheck::pass_gap(Chain& chain, TxNumber next) {
  for (const Gap& gap : chain.gaps) {
    if (gap.first != chain.last.next() || gap.last.next() != next) continue;
    if (chain.begun) ROLLCALL_TRY(end_request(chain));
    chain.begun = false;
    chain.last = gap.last;
    chain.head = gap.head;
    report_.lost += gap.last.value - gap.first.value + 1;
  }
  return {};
}

Result<void> LogCheck::check_transaction(Chain& chain, const LoggedTransaction& logged) {
  const std::string name = text_of(logged);
  ROLLCALL_TRY(pass_gap(chain, logged.number));
  if (logged.number != chain.last.next()) {
    return wrong("transaction " + std::to_string(chain.last.value + 1) + " of device " +
                 device_digits(logged.device) + " is missing from the log; " + name + " is there");
  }
  if (logged.erased) {
    ++report_.erased;
  } else if (logged.bytes.empty()) {
    if (logged.judgement.code != ErrorCode::voided) {
      return wrong("the bytes of " + name + " are missing, and nobody erased them");
    }
  } else if (cryptography_.hash({logged.bytes}) != logged.hash) {
    return wrong("the bytes of " + name +
                 " do not give the hash that is stored with them: one of the two was changed");
  }
  if (chain.begun && logged.request != chain.request) ROLLCALL_TRY(end_request(chain));
  chain.last = logged.number;
  chain.head = next_head(cryptography_, chain.head, logged.hash);
  chain.request = logged.request;
  chain.begun = true;
  ++report_.transactions;
  if (logged.judgement.took_effect() != (logged.judgement.sequence.value != 0)) {
    return wrong(name + ": its verdict and its sequence do not go together: one was changed");
  }
  if (logged.judgement.sequence.value != 0 && !logged.told_before) {
    ROLLCALL_TRY(check_commit(logged));
  }
  return {};
}

// The request that brought the chain up to its present end proves it: its device signed that head.
Result<void> LogCheck::end_request(const Chain& chain) {
  const DeviceRecord& record = chain.device->record;
  const std::string name = "transaction " + std::to_string(chain.last.value) + " of device " +
                           device_digits(record.number);
  if (record.local && chain.request == 0) return {};  // this server's own imports
  ROLLCALL_TRY_ASSIGN(const std::optional<LoggedRequest> request,
                      snapshot_.log().request(chain.request));
  if (!request) return wrong("the signed request that brought " + name + " is missing");
  ROLLCALL_TRY_ASSIGN(const std::optional<StoredDevice> signer,
                      request->device == record.number ? std::optional(*chain.device)
                                                       : snapshot_.devices().find(request->device));
  if (!signer || signer->holder_of(chain.last) != record.number) {
    return wrong("the signed request that brought " + name + " is another device's");
  }
  ROLLCALL_TRY_ASSIGN(const Hash head, head_of_request(chain, *signer));
  if (request->signature.size() != Signature::size_bytes ||
      !cryptography_.verify(signer->record.key, request->signed_text,
                            Signature::from_bytes(request->signature))) {
    return wrong("the signature of the request that brought " + name +
                 " is not this device's: the signed text, the signature or the key was changed");
  }
  const auto lines = read_signed(request->signed_text);
  if (!lines || lines->space != report_.name || lines->device != device_digits(request->device)) {
    return wrong("the request that brought " + name + " was signed for something else");
  }
  if (lines->head != to_hex(head.view())) {
    return wrong("the request that brought " + name +
                 " was signed for another chain: a transaction up to it was changed or left out");
  }
  if (request->device == record.number) ++report_.requests;
  return {};
}

// A fork that came back after a restore may bring the end of its ancestor's chain and the beginning
// of its own with one request: it signed the head at the end of all.
Result<Hash> LogCheck::head_of_request(const Chain& chain, const StoredDevice& signer) {
  Hash head = chain.head;
  TxNumber number = chain.last;
  while (signer.record.number != chain.device->record.number) {
    number = number.next();
    ROLLCALL_TRY_ASSIGN(const std::optional<LoggedTransaction> more,
                        snapshot_.log().find(signer.holder_of(number), number));
    if (!more || more->request != chain.request) break;
    head = next_head(cryptography_, head, more->hash);
  }
  return head;
}

// Who was judged in a commit came at its time.
Result<void> LogCheck::check_commit(const LoggedTransaction& logged) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      snapshot_.file().connection().cached(
          "SELECT time_ms FROM _commits WHERE sequence >= ?1 ORDER BY sequence LIMIT 1"));
  select.bind_integer(1, static_cast<std::int64_t>(logged.judgement.sequence.value));
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (found && select.integer(0) == logged.received_ms) return {};
  return wrong("the commit that judged " + text_of(logged) + " (sequence " +
               std::to_string(logged.judgement.sequence.value) +
               ") is missing, or its time was changed");
}

Result<void> LogCheck::check_sequences() {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      snapshot_.file().connection().prepare(
                          "SELECT sequence FROM _transactions WHERE sequence > 0 "
                          "UNION SELECT enrolled FROM _devices UNION SELECT given FROM _grants "
                          "UNION SELECT ended FROM _grants WHERE ended > 0 "
                          "UNION SELECT revoked FROM _devices WHERE revoked > 0 "
                          "UNION SELECT sequence FROM _erasures ORDER BY 1"));
  std::uint64_t last = 0;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) break;
    const auto sequence = static_cast<std::uint64_t>(select.integer(0));
    if (sequence != last + 1) {
      return wrong("sequence " + std::to_string(last + 1) +
                   " was given and nothing in the log has it: a transaction, a device or a grant "
                   "is missing");
    }
    last = sequence;
  }
  if (last > report_.head.value) {
    return wrong("the log holds sequence " + std::to_string(last) + ", and the last commit gave " +
                 std::to_string(report_.head.value) + ": a commit is missing");
  }
  if (last < report_.head.value) {
    return wrong("the last commit gave sequence " + std::to_string(report_.head.value) +
                 ", and the log ends at " + std::to_string(last) + ": its end is missing");
  }
  Sequence before;
  ROLLCALL_TRY(snapshot_.log().each_applied([&](const LoggedTransaction& logged) -> Result<void> {
    if (logged.judgement.sequence == before) {
      return wrong(text_of(logged) + " has the same sequence as another: one was changed");
    }
    before = logged.judgement.sequence;
    return {};
  }));
  return {};
}

}  // namespace rollcall
