#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// The door to randomness. One is handed in by whoever composes the program; tests hand in a seed.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(void* bytes, std::size_t count) = 0;

  std::uint64_t next() {
    std::uint64_t value = 0;
    fill(&value, sizeof value);
    return value;
  }
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
};

// A sequence that its seed fixes (splitmix64): for tests, generators and simulations, never keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(void* bytes, std::size_t count) override;

 private:
  std::uint64_t state_;
};

}  // namespace rollcall
