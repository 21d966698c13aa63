#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/numbers.h"

namespace rollcall {

// What a commit that just returned changed, for those who wait for it.
struct CommitNews {
  Sequence head;
  std::vector<std::string> paths;      // that a changed row has, had or left; ascending
  bool everywhere = false;             // too many paths to name them: `paths` is empty
  std::vector<DeviceNumber> verdicts;  // devices with new or changed verdicts; ascending
  std::vector<DeviceNumber> grants;    // devices whose grants changed; ascending
  std::vector<DeviceNumber> admitted;  // devices that are let in again
  bool schema = false;                 // there is a newer schema
  bool epoch = false;                  // a new epoch began
  std::uint64_t revocations = 0;       // of the space, counted
};

// Told on the writer's thread, after the commit is on the disk. Must not call back into the space.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void committed(const CommitNews& news) = 0;
};

}  // namespace rollcall
