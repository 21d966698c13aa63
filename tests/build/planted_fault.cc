// A data race, then a read past the end of an array: each sanitizer must report its own, or a clean
// run of the suites under it says nothing.

#include <thread>
#include <vector>

int main(int count, char** /*unused*/) {
  volatile int raced = 0;
  std::thread other([&] { raced = 1; });
  raced = 2;
  other.join();

  const std::vector<int> numbers(static_cast<std::size_t>(count));
  const volatile int* past_the_end = numbers.data() + numbers.size();
  return *past_the_end;
}
