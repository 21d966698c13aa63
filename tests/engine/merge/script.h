#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/merge/merge_row.h"

namespace rollcall {

// Device 'a' is number 1, and so on; the number after '@' is milliseconds.
Stamp operator""_stamp(const char* text, std::size_t size);
Stamp stamp_of(std::string_view text);
std::string text_of(Stamp stamp);

// One row and what was done to it, in the small language of MERGE.md's examples:
//
//   a@5 write red                  a device's write, accepted with that stamp
//   a@5 write red seeing b@3       its base
//   a@5 write red generation 1     first, ladder
//   a@5 write red closing b@3      also closes a loser; `close b@3` only closes
//   a@5 add red blue               sets; `remove red of b@3`, or `of tx 4` for an own transaction
//   a@5 count 3                    counters
//   a@5 insert red                 as write, with `_deleted` = false
//   a@5 delete after 2             `_deleted` = true; the cursor covered the first two lines
//   a@5 undelete                   `_deleted` = false
//
// Each line takes the next sequence. A row of several fields names them: `write phone=1 note=x`.
class Script {
 public:
  explicit Script(MergeRule rule);                // a row of one field
  explicit Script(std::vector<FieldDef> fields);  // without `_deleted`, which every row has

  // Plays lines; returns what the last of them left, as `text`.
  std::string play(const std::vector<std::string>& lines);
  void line(std::string_view text);
  // What stands: "red a@5; lost blue b@3 -> applied".
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string verdict() const { return effect_.merged ? "merged" : "applied"; }

  CollectionDef collection;
  RowState row;
  bool may_open_generation = true;
  std::map<std::uint64_t, Stamp> own;  // accepted stamps by transaction number
  [[nodiscard]] const RowEffect& effect() const { return effect_; }
  [[nodiscard]] const FieldState& field(std::size_t position = 1) const {
    return row.fields[position];
  }

 private:
  std::vector<Sequence> sequences_;
  Sequence last_;
  RowEffect effect_;
};

// A row as `Script::text` shows it.
std::string text_of(const CollectionDef& collection, const RowState& row);
FieldDef field_of(std::uint16_t id, std::string name, MergeRule rule);

}  // namespace rollcall
