#include "tests/engine/merge/script.h"

#include <cstdlib>
#include <sstream>

#include "engine/base/check.h"

namespace rollcall {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::istringstream in{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string text_of(ValueView value) {
  switch (value.kind) {
    case ValueKind::null: return "null";
    case ValueKind::boolean: return value.integer != 0 ? "true" : "false";
    case ValueKind::integer: return std::to_string(value.integer);
    case ValueKind::text:
    case ValueKind::bytes: return std::string(value.bytes);
  }
  return "?";
}

std::string text_of(const FieldDef& def, const FieldState& field) {
  std::string text;
  if (def.rule == MergeRule::set) {
    for (const SetElement& element : field.elements) {
      text += (text.empty() ? "" : ", ") + text_of(element.value) + " " + text_of(element.stamp);
    }
    text = "{" + text + "} " + text_of(field.stamp);
  } else {
    text = text_of(field.value) + " " + text_of(field.stamp);
  }
  if (field.generation != 0) text += " generation " + std::to_string(field.generation);
  for (const SetElement& removal : field.removals) {
    text += "; removed " + text_of(removal.value) + " " + text_of(removal.stamp);
  }
  for (const Loser& loser : field.losers) {
    text += "; lost " + text_of(loser.value) + " " + text_of(loser.writer);
  }
  for (const Stamp writer : field.agreeing) text += "; agreed " + text_of(writer);
  return text;
}

// A line's write while it is put together; holds the text that its values are views of.
class LineWrite {
 public:
  explicit LineWrite(const CollectionDef& collection) : collection_(collection) {}

  FieldWrite& at(std::uint16_t field) {
    for (FieldWrite& write : row_.fields) {
      if (write.field.value == field) return write;
    }
    FieldWrite write;
    write.field = FieldId(field);
    auto place = row_.fields.begin();
    while (place != row_.fields.end() && place->field.value < field) ++place;
    return *row_.fields.insert(place, write);
  }
  void deleted(bool value) {
    at(0).has_value = true;
    at(0).value = ValueView::of_boolean(value);
  }
  // "red", "phone=red" or "n=5".
  void value(const std::string& word) {
    const std::size_t sign = word.find('=');
    const std::string name = sign == std::string::npos ? "f" : word.substr(0, sign);
    const FieldDef* def = collection_.find(name);
    ROLLCALL_CHECK(def != nullptr);
    FieldWrite& write = at(def->id.value);
    write.has_value = true;
    const std::string& text =
        texts_.emplace_back(sign == std::string::npos ? word : word.substr(sign + 1));
    if (def->rule == MergeRule::counter) {
      write.value = ValueView::of_integer(std::atoll(text.c_str()));
    } else if (text != "null") {
      write.value = ValueView::of_text(text);
    }
  }
  RowWrite& row() { return row_; }

 private:
  const CollectionDef& collection_;
  std::deque<std::string> texts_;
  RowWrite row_;
};

class OwnStamps final : public OwnTransactions {
 public:
  explicit OwnStamps(const std::map<std::uint64_t, Stamp>& stamps) : stamps_(stamps) {}
  [[nodiscard]] std::optional<Stamp> accepted(TxNumber number) const override {
    const auto found = stamps_.find(number.value);
    if (found == stamps_.end()) return std::nullopt;
    return found->second;
  }

 private:
  const std::map<std::uint64_t, Stamp>& stamps_;
};

}  // namespace

Stamp stamp_of(std::string_view text) {
  const bool is_stamp = text.size() >= 3 && text[1] == '@';
  ROLLCALL_CHECK(is_stamp);
  return Stamp::at(std::strtoull(std::string(text.substr(2)).c_str(), nullptr, 10), 0,
                   DeviceNumber(static_cast<std::uint32_t>(text[0] - 'a' + 1)));
}

Stamp operator""_stamp(const char* text, std::size_t size) { return stamp_of({text, size}); }

std::string text_of(Stamp stamp) {
  if (stamp.is_none()) return "none";
  return std::string(1, static_cast<char>('a' + stamp.device.value - 1)) + "@" +
         std::to_string(stamp.ms());
}

FieldDef field_of(std::uint16_t id, std::string name, MergeRule rule) {
  FieldDef def;
  def.id = FieldId(id);
  def.name = std::move(name);
  def.rule = rule;
  if (rule == MergeRule::counter) def.type = FieldType::integer;
  if (rule == MergeRule::ladder) {
    def.type = FieldType::enumerated;
    def.choices = {"enrolled", "started", "attended", "completed"};
  }
  return def;
}

Script::Script(MergeRule rule) : Script(std::vector<FieldDef>{field_of(1, "f", rule)}) {}

Script::Script(std::vector<FieldDef> fields) {
  collection.id = CollectionId(1);
  collection.name = "example";
  collection.fields = {deleted_field()};
  collection.fields.insert(collection.fields.end(), fields.begin(), fields.end());
  row.fields.resize(collection.fields.size());
  sequences_.resize(collection.fields.size());
}

std::string Script::play(const std::vector<std::string>& lines) {
  for (const std::string& each : lines) line(each);
  return text();
}

void Script::line(std::string_view text) {
  const std::vector<std::string> words = words_of(text);
  ROLLCALL_CHECK(words.size() >= 2);
  LineWrite write(collection);
  Stamp base;
  Sequence cursor;
  std::vector<Stamp> closes;
  std::uint32_t generation = 0;
  std::string verb = words[1];
  if (verb == "insert") write.row().insert = true;
  if (verb == "insert" || verb == "undelete") write.deleted(false);
  if (verb == "delete") write.deleted(true);
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (verb == "close") {
      closes.push_back(stamp_of(word));
    } else if (word == "seeing") {
      base = stamp_of(words[++i]);
    } else if (word == "generation") {
      generation = static_cast<std::uint32_t>(std::atoi(words[++i].c_str()));
    } else if (word == "closing") {
      closes.push_back(stamp_of(words[++i]));
    } else if (word == "after") {
      cursor = Sequence(std::strtoull(words[++i].c_str(), nullptr, 10));
    } else if (verb == "add") {
      write.at(1).adds.push_back(Value::text(word));
    } else if (verb == "remove") {
      SetRemoval removal;
      removal.element = Value::text(word);
      if (words[i + 2] == "tx") {
        removal.own = TxNumber(std::strtoull(words[i + 3].c_str(), nullptr, 10));
        i += 3;
      } else {
        removal.add = stamp_of(words[i + 2]);
        i += 2;
      }
      write.at(1).removes.push_back(removal);
    } else {
      write.value(word);
    }
  }
  if (write.row().fields.empty()) write.at(1);
  for (FieldWrite& field : write.row().fields) {
    field.base = base;
    if (field.field.value != 0) {
      field.generation = generation;
      field.closes = closes;
    }
  }

  const OwnStamps own_stamps(own);
  RowContext context;
  context.may_open_generation = may_open_generation;
  context.own = &own_stamps;
  context.sequences = sequences_;
  context.cursor = cursor;
  merge_row(collection, row, write.row(), stamp_of(words[0]), context, effect_);
  last_ = last_.next();
  for (const std::uint16_t position : effect_.changed) sequences_[position] = last_;
}

std::string Script::text() const { return text_of(collection, row); }

std::string text_of(const CollectionDef& collection, const RowState& row) {
  std::string text;
  const FieldState& deleted = row.fields[0];
  if (!deleted.stamp.is_none()) {
    text = row.is_deleted() ? "deleted" : "live";
    text += text_of(collection.fields[0], deleted).substr(row.is_deleted() ? 4 : 5);
  }
  for (std::size_t i = 1; i < row.fields.size(); ++i) {
    if (row.fields[i].stamp.is_none()) continue;
    if (!text.empty()) text += " | ";
    if (row.fields.size() > 2) text += collection.fields[i].name + ": ";
    text += text_of(collection.fields[i], row.fields[i]);
  }
  return text;
}

}  // namespace rollcall
