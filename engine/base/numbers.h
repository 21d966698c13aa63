#pragma once

#include <compare>
#include <cstdint>

namespace rollcall {

// Numbers that mean different things are different types: they neither mix nor convert.
template <class Meaning, class Representation>
struct Number {
  Representation value = 0;

  constexpr Number() = default;
  constexpr explicit Number(Representation number) : value(number) {}
  constexpr auto operator<=>(const Number&) const = default;
  [[nodiscard]] constexpr Number next() const {
    return Number(static_cast<Representation>(value + 1));
  }
};

// Place of an accepted transaction or of a change of grants in a space's log; dense, from 1.
using Sequence = Number<struct SequenceMeaning, std::uint64_t>;
// Place of a transaction among those of its device; dense, from 1; 0 is "none yet".
using TxNumber = Number<struct TxNumberMeaning, std::uint64_t>;
// 32 random bits, unused before in the space; 0 is "nobody".
using DeviceNumber = Number<struct DeviceNumberMeaning, std::uint32_t>;
// This log's incarnation; a restore starts the next.
using Epoch = Number<struct EpochMeaning, std::uint64_t>;
// A grant's own identity, given anew each time that it is granted; from 1.
using GrantId = Number<struct GrantIdMeaning, std::uint64_t>;
using CollectionId = Number<struct CollectionIdMeaning, std::uint16_t>;
// Stable within its collection; 0 is `_deleted`.
using FieldId = Number<struct FieldIdMeaning, std::uint16_t>;

}  // namespace rollcall
