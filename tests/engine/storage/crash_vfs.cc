#include "tests/engine/storage/crash_vfs.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include <sqlite3.h>

#include "engine/base/check.h"

namespace rollcall {
namespace {

constexpr std::size_t sector_bytes = 512;

// A change of a file that no sync has made durable.
struct Change {
  std::size_t offset = 0;
  Bytes bytes;
  bool truncates = false;  // to `offset`
};

void put_in(const Change& change, Bytes& content) {
  if (change.truncates) {
    content.resize(change.offset);
    return;
  }
  if (content.size() < change.offset + change.bytes.size()) {
    content.resize(change.offset + change.bytes.size());
  }
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

struct Handle;

// A file: it lives as long as a name or an open handle holds it.
struct Node {
  Bytes live;
  Bytes durable;
  std::vector<Change> unsynced;

  // Locks of open handles (sqlite.org/lockingv3.html).
  std::map<const Handle*, int> locks;
  // Shared memory of the write-ahead log's index; gone with the power.
  std::vector<std::unique_ptr<std::array<char, 32768>>> shared_memory;
  struct SharedLock {
    std::set<const Handle*> readers;
    const Handle* writer = nullptr;
  };
  std::array<SharedLock, SQLITE_SHM_NLOCK> shared_locks;
};

using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;

}  // namespace

struct CrashDisk::State {
  sqlite3_vfs vfs{};
  std::string name;
  Names live;
  Names durable;
  std::uint64_t calls = 0;
  std::uint64_t syncs = 0;
  std::uint64_t kill_call = 0;
  std::uint64_t fail_call = 0;
  Fault fault = Fault::io;
  std::uint64_t fail_sync = 0;  // counts down
  bool dead = false;
  bool read_only = false;
  int handles = 0;
  SeededRandom random{1};

  // Counts a mutating call; the code to fail with, or SQLITE_OK.
  int mutate(int failure) {
    if (dead) return failure;
    ++calls;
    if (calls == kill_call) {
      dead = true;
      return failure;
    }
    if (calls == fail_call) {
      if (fault == Fault::full) return SQLITE_FULL;
      return fault == Fault::sync ? SQLITE_IOERR_FSYNC : failure;
    }
    return SQLITE_OK;
  }
  void sync_names() { durable = live; }
};

namespace {

struct Handle {
  sqlite3_file base;
  CrashDisk::State* disk;
  std::shared_ptr<Node>* node;
  std::string* name;
  bool syncs_names;  // a new journal: its first sync flushes the folder too
  bool deletes_at_close;
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

int shared_unlock_all(Handle& handle) {
  for (Node::SharedLock& lock : (*handle.node)->shared_locks) {
    lock.readers.erase(&handle);
    if (lock.writer == &handle) lock.writer = nullptr;
  }
  return SQLITE_OK;
}

int close_file(sqlite3_file* file) {
  Handle& handle = handle_of(file);
  (*handle.node)->locks.erase(&handle);
  shared_unlock_all(handle);
  if (handle.deletes_at_close) handle.disk->live.erase(*handle.name);
  --handle.disk->handles;
  delete handle.node;
  delete handle.name;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  if (handle.disk->dead) return SQLITE_IOERR_READ;
  const Bytes& content = (*handle.node)->live;
  const auto wanted = static_cast<std::size_t>(count);
  const auto at = std::min(static_cast<std::size_t>(offset), content.size());
  const std::size_t there = std::min(wanted, content.size() - at);
  std::memcpy(out, content.data() + at, there);
  std::memset(static_cast<char*>(out) + there, 0, wanted - there);
  return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  if (const int code = handle.disk->mutate(SQLITE_IOERR_WRITE); code != SQLITE_OK) return code;
  Change change{static_cast<std::size_t>(offset),
                Bytes(static_cast<const char*>(bytes), static_cast<std::size_t>(count)), false};
  put_in(change, (*handle.node)->live);
  (*handle.node)->unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = handle_of(file);
  if (const int code = handle.disk->mutate(SQLITE_IOERR_TRUNCATE); code != SQLITE_OK) return code;
  Change change{static_cast<std::size_t>(size), {}, true};
  put_in(change, (*handle.node)->live);
  (*handle.node)->unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int) {
  Handle& handle = handle_of(file);
  CrashDisk::State& disk = *handle.disk;
  if (const int code = disk.mutate(SQLITE_IOERR_FSYNC); code != SQLITE_OK) return code;
  Node& node = **handle.node;
  if (disk.fail_sync != 0 && --disk.fail_sync == 0) {
    // The pages are marked clean though they never arrived.
    node.unsynced.clear();
    return SQLITE_IOERR_FSYNC;
  }
  ++disk.syncs;
  for (const Change& change : node.unsynced) put_in(change, node.durable);
  node.unsynced.clear();
  if (handle.syncs_names) {
    disk.sync_names();
    handle.syncs_names = false;
  }
  return SQLITE_OK;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  Handle& handle = handle_of(file);
  if (handle.disk->dead) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>((*handle.node)->live.size());
  return SQLITE_OK;
}

int lock_file(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  auto& locks = (*handle.node)->locks;
  for (const auto& [other, held] : locks) {
    if (other == &handle) continue;
    const bool refuses = level == SQLITE_LOCK_SHARED      ? held >= SQLITE_LOCK_PENDING
                         : level == SQLITE_LOCK_EXCLUSIVE ? held >= SQLITE_LOCK_SHARED
                                                          : held >= SQLITE_LOCK_RESERVED;
    if (refuses) return SQLITE_BUSY;
  }
  locks[&handle] = std::max(locks[&handle], level);
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  auto& locks = (*handle.node)->locks;
  if (level == SQLITE_LOCK_NONE) {
    locks.erase(&handle);
  } else {
    locks[&handle] = level;
  }
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* out) {
  *out = 0;
  for (const auto& [other, held] : (*handle_of(file).node)->locks) {
    if (held >= SQLITE_LOCK_RESERVED) *out = 1;
  }
  return SQLITE_OK;
}

int control_file(sqlite3_file* file, int what, void* argument) {
  Handle& handle = handle_of(file);
  if (what != SQLITE_FCNTL_HAS_MOVED) return SQLITE_NOTFOUND;
  const auto found = handle.disk->live.find(*handle.name);
  *static_cast<int*>(argument) =
      found == handle.disk->live.end() || found->second != *handle.node ? 1 : 0;
  return SQLITE_OK;
}

int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  auto& memory = (*handle_of(file).node)->shared_memory;
  ROLLCALL_CHECK(size <= static_cast<int>(sizeof(std::array<char, 32768>)));
  *out = nullptr;
  while (static_cast<int>(memory.size()) <= region) {
    if (extend == 0) return SQLITE_OK;
    memory.push_back(std::make_unique<std::array<char, 32768>>());
    memory.back()->fill(0);
  }
  *out = memory[static_cast<std::size_t>(region)]->data();
  return SQLITE_OK;
}

int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  Handle& handle = handle_of(file);
  auto& locks = (*handle.node)->shared_locks;
  for (int i = offset; i < offset + count; ++i) {
    Node::SharedLock& lock = locks[static_cast<std::size_t>(i)];
    if ((flags & SQLITE_SHM_UNLOCK) != 0) continue;
    if (lock.writer != nullptr && lock.writer != &handle) return SQLITE_BUSY;
    const bool others = lock.readers.size() > lock.readers.count(&handle);
    if ((flags & SQLITE_SHM_EXCLUSIVE) != 0 && others) return SQLITE_BUSY;
  }
  for (int i = offset; i < offset + count; ++i) {
    Node::SharedLock& lock = locks[static_cast<std::size_t>(i)];
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      lock.readers.erase(&handle);
      if (lock.writer == &handle) lock.writer = nullptr;
    } else if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
      lock.writer = &handle;
    } else {
      lock.readers.insert(&handle);
    }
  }
  return SQLITE_OK;
}

void shared_barrier(sqlite3_file*) {}

int unmap_shared(sqlite3_file* file, int deletes) {
  Handle& handle = handle_of(file);
  shared_unlock_all(handle);
  if (deletes != 0) (*handle.node)->shared_memory.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods methods = {2,
                                        close_file,
                                        read_file,
                                        write_file,
                                        truncate_file,
                                        sync_file,
                                        size_of_file,
                                        lock_file,
                                        unlock_file,
                                        check_reserved,
                                        control_file,
                                        sector_size,
                                        characteristics,
                                        map_shared,
                                        lock_shared,
                                        shared_barrier,
                                        unmap_shared,
                                        nullptr,
                                        nullptr};

CrashDisk::State& disk_of(sqlite3_vfs* vfs) {
  return *static_cast<CrashDisk::State*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  CrashDisk::State& disk = disk_of(vfs);
  file->pMethods = nullptr;
  if (disk.dead) return SQLITE_CANTOPEN;
  const std::string path = name == nullptr ? "temporary " + std::to_string(disk.calls) : name;
  auto found = disk.live.find(path);
  bool is_new = false;
  if (found == disk.live.end()) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (disk.mutate(SQLITE_CANTOPEN) != SQLITE_OK) return SQLITE_CANTOPEN;
    found = disk.live.emplace(path, std::make_shared<Node>()).first;
    is_new = true;
  }
  constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  Handle& handle = handle_of(file);
  handle = Handle{{&methods},
                  &disk,
                  new std::shared_ptr<Node>(found->second),
                  new std::string(path),
                  is_new && (flags & journals) != 0,
                  (flags & SQLITE_OPEN_DELETEONCLOSE) != 0};
  ++disk.handles;
  if (disk.read_only) flags = (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int syncs_names) {
  CrashDisk::State& disk = disk_of(vfs);
  if (!disk.live.contains(std::string_view(name))) return SQLITE_IOERR_DELETE_NOENT;
  if (const int code = disk.mutate(SQLITE_IOERR_DELETE); code != SQLITE_OK) return code;
  disk.live.erase(name);
  if (syncs_names != 0) disk.sync_names();
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* out) {
  CrashDisk::State& disk = disk_of(vfs);
  if (disk.dead) return SQLITE_IOERR_ACCESS;
  *out = disk.live.contains(std::string_view(name)) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  if (std::strlen(name) + 1 > static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, std::strlen(name) + 1);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int count, char* out) {
  disk_of(vfs).random.fill(out, static_cast<std::size_t>(count));
  return count;
}

int sleep_no_time(sqlite3_vfs*, int microseconds) { return microseconds; }

int fixed_time(sqlite3_vfs*, double* out) {
  *out = 2461367.5;
  return SQLITE_OK;
}

int no_error(sqlite3_vfs*, int, char*) { return 0; }

// Of one file: each sector of each change arrived, or did not.
Bytes torn(const Node& node, Random& random) {
  Bytes content = node.durable;
  for (const Change& change : node.unsynced) {
    if (change.truncates) {
      if (random.below(2) == 0) put_in(change, content);
      continue;
    }
    for (std::size_t at = 0; at < change.bytes.size();) {
      const std::size_t to_boundary = sector_bytes - (change.offset + at) % sector_bytes;
      const std::size_t size = std::min(to_boundary, change.bytes.size() - at);
      if (random.below(2) == 0) {
        put_in({change.offset + at, change.bytes.substr(at, size), false}, content);
      }
      at += size;
    }
  }
  return content;
}

int next_disk_number() {
  static int number = 0;
  return ++number;
}

}  // namespace

CrashDisk::CrashDisk() : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.name = "crash disk " + std::to_string(next_disk_number());
  sqlite3_vfs& vfs = state.vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = 512;
  vfs.zName = state.name.c_str();
  vfs.pAppData = &state;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep_no_time;
  vfs.xCurrentTime = fixed_time;
  vfs.xGetLastError = no_error;
  ROLLCALL_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

CrashDisk::~CrashDisk() {
  ROLLCALL_CHECK(state_->handles == 0);
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& CrashDisk::vfs() const { return state_->name; }
std::uint64_t CrashDisk::calls() const { return state_->calls; }
std::uint64_t CrashDisk::syncs() const { return state_->syncs; }
void CrashDisk::kill_at(std::uint64_t call) { state_->kill_call = call; }
void CrashDisk::make_read_only() { state_->read_only = true; }
bool CrashDisk::is_dead() const { return state_->dead; }
void CrashDisk::fail_sync(std::uint64_t nth) { state_->fail_sync = nth; }

void CrashDisk::fail_at(std::uint64_t call, Fault fault) {
  state_->fail_call = call;
  state_->fault = fault;
}

DiskImage CrashDisk::after_power_cut(Unsynced unsynced, std::uint64_t seed) const {
  SeededRandom random(seed);
  Names names = unsynced == Unsynced::dropped ? state_->durable : state_->live;
  if (unsynced == Unsynced::torn) {
    Names all = state_->durable;
    all.insert(state_->live.begin(), state_->live.end());
    names.clear();
    for (const auto& [name, node] : all) {
      const auto before = state_->durable.find(name);
      const auto after = state_->live.find(name);
      const bool was = before != state_->durable.end();
      const bool is = after != state_->live.end();
      if (was && is && before->second == after->second) {
        names.emplace(name, node);
      } else if (random.below(2) == 0) {
        if (was) names.emplace(name, before->second);
      } else if (is) {
        names.emplace(name, after->second);
      }
    }
  }
  DiskImage image;
  for (const auto& [name, node] : names) {
    image[name] = unsynced == Unsynced::dropped ? node->durable
                  : unsynced == Unsynced::kept  ? node->live
                                                : torn(*node, random);
  }
  return image;
}

void CrashDisk::load(const DiskImage& image) {
  ROLLCALL_CHECK(state_->handles == 0);
  state_->live.clear();
  for (const auto& [name, content] : image) {
    auto node = std::make_shared<Node>();
    node->live = node->durable = content;
    state_->live.emplace(name, std::move(node));
  }
  state_->durable = state_->live;
  state_->kill_call = state_->fail_call = state_->fail_sync = 0;
  state_->dead = false;
}

bool CrashDisk::has(std::string_view path) const { return state_->live.contains(path); }

Bytes CrashDisk::content(std::string_view path) const {
  const auto found = state_->live.find(path);
  return found == state_->live.end() ? Bytes() : found->second->live;
}

void CrashDisk::set_content(const std::string& path, Bytes content) {
  std::shared_ptr<Node>& node = state_->live[path];
  if (node == nullptr) node = std::make_shared<Node>();
  node->live = node->durable = std::move(content);
  node->unsynced.clear();
  state_->durable[path] = node;
}

void CrashDisk::unlink(std::string_view path) {
  if (const auto found = state_->live.find(path); found != state_->live.end()) {
    state_->live.erase(found);
  }
  state_->durable = state_->live;
}

int explore_crash_points(
    const std::function<void(CrashDisk& disk)>& script,
    const std::function<void(CrashDisk& disk, const std::string& where)>& verify,
    const CrashExploration& exploration) {
  int kills = 0;
  for (std::uint64_t call = 1;; call += exploration.stride) {
    CrashDisk disk;
    disk.kill_at(call);
    script(disk);
    if (!disk.is_dead()) return kills;
    ++kills;
    const auto judge = [&](Unsynced unsynced, std::uint64_t seed, std::string_view name) {
      CrashDisk after;
      after.load(disk.after_power_cut(unsynced, seed));
      verify(after, "killed at call " + std::to_string(call) + ", unsynced writes " +
                        std::string(name) + ", seed " + std::to_string(seed));
    };
    judge(Unsynced::dropped, 0, "dropped");
    judge(Unsynced::kept, 0, "kept");
    for (int i = 0; i < exploration.torn_seeds; ++i) {
      judge(Unsynced::torn, call * 1000 + static_cast<std::uint64_t>(i), "torn");
    }
  }
}

}  // namespace rollcall
