#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/random.h"

namespace rollcall {

// What becomes of writes that were not flushed when the power goes.
enum class Unsynced : std::uint8_t {
  dropped,  // the disk had none of them
  kept,     // the disk had all of them (also: kill -9, the machine goes on)
  torn,     // each 512-byte sector of each write, and each name, reached the disk or did not
};

// A disk: what each name holds.
using DiskImage = std::map<std::string, Bytes, std::less<>>;

// A disk in memory behind SQLite's VFS door, for tests: it holds what programs see (live) and what
// a power cut leaves (durable), and can stop at any mutating call.
//
// A mutating call is a create, write, truncate, sync or delete of a file; they are counted from 1.
// A call at which the disk dies does nothing and fails, as do all after it. Names become durable as
// on Linux: when SQLite flushes the folder, after it made or deleted a journal. Clock and
// randomness that SQLite asks for are fixed, so equal scripts make equal calls. One thread only.
// Every connection must be closed before the disk is destroyed, loaded or cleared.
class CrashDisk {
 public:
  CrashDisk();
  CrashDisk(const CrashDisk&) = delete;
  CrashDisk& operator=(const CrashDisk&) = delete;
  ~CrashDisk();

  // What ConnectionOptions::vfs takes.
  [[nodiscard]] const std::string& vfs() const;

  [[nodiscard]] std::uint64_t calls() const;
  [[nodiscard]] std::uint64_t syncs() const;
  // Kills the disk at the given call, counted from 1 since the disk was made; 0: never.
  void kill_at(std::uint64_t call);
  [[nodiscard]] bool is_dead() const;
  // That call fails, once, and does nothing; the disk lives on.
  enum class Fault : std::uint8_t { io, full, sync };
  void fail_at(std::uint64_t call, Fault fault);
  // The `nth` sync from now fails, once, and what it should have flushed never will be (as Linux
  // does it: a later sync succeeds and flushes only what is written after).
  void fail_sync(std::uint64_t nth = 1);

  // From now on every file opens for reading only, as one does that belongs to somebody else.
  void make_read_only();

  // What is on the disk when the power returns. `seed` chooses what is torn.
  [[nodiscard]] DiskImage after_power_cut(Unsynced unsynced, std::uint64_t seed) const;
  // The disk holds this, durably, and lives; no kill or fault is set.
  void load(const DiskImage& image);

  // Files as programs see them. Changing them is durable at once.
  [[nodiscard]] bool has(std::string_view path) const;
  [[nodiscard]] Bytes content(std::string_view path) const;
  void set_content(const std::string& path, Bytes content);
  // Deletes the name; whoever has the file open keeps it.
  void unlink(std::string_view path);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

// Runs `script` on an empty disk, again and again, with a kill at its first, second, third...
// mutating call, until it comes to its end alive; every `stride`-th call only, if told. After each
// kill `verify` sees a disk as the power cut left it, once for each way of losing what was not
// flushed (and several times torn). `where` names the point, for messages. Both must close what
// they open. Returns the number of kills.
struct CrashExploration {
  std::uint64_t stride = 1;
  int torn_seeds = 2;
};
int explore_crash_points(
    const std::function<void(CrashDisk& disk)>& script,
    const std::function<void(CrashDisk& disk, const std::string& where)>& verify,
    const CrashExploration& exploration = {});

}  // namespace rollcall
