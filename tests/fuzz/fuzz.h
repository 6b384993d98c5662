#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What the fuzzers of this folder share. Each is a function over bytes: built by clang it is run
/// by libFuzzer (libfuzzer.cpp); in every build of the tests the files of its corpus are run
/// through it (replay_test.cpp).
namespace regsweep::fuzz {

struct Fuzzer {
  std::string_view name;
  void (*run)(std::string_view input);
};

/// All that are linked in, in no order.
std::vector<Fuzzer>& fuzzers();

struct Registration {
  Registration(std::string_view name, void (*run)(std::string_view input)) {
    fuzzers().push_back({name, run});
  }
};

/// A property that does not hold. Nothing catches it under libFuzzer: that is the crash.
struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};

[[noreturn]] void broken(const char* file, int line, const char* property,
                         const std::string& detail);

/// What is left of a text, taken piece by piece. Behind its end everything is empty.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}
  std::string_view line() { return up_to('\n'); }
  std::string_view up_to(char end);
  unsigned char byte();
  bool at_end() const noexcept { return rest_.empty(); }
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

/// Bytes at an address of their own size: reading beyond them is seen by the sanitizer.
std::vector<char> exact_copy(std::string_view text, std::size_t padding = 0);

/// A directory of this process on a file system in memory, where there is one; it goes with the
/// process.
const std::string& scratch();

/// Makes a file in it, or replaces it, and returns its path.
std::string put(const std::string& name, std::string_view bytes);

/// The bytes with each that is no printable ASCII, and '\', as \xHH: for messages.
std::string shown(std::string_view bytes);

}  // namespace regsweep::fuzz

/// Defines a fuzzer: REGSWEEP_FUZZER(link) { ... input ... }
#define REGSWEEP_FUZZER(fuzzer)                                                            \
  static void fuzz_##fuzzer(std::string_view input);                                       \
  static const ::regsweep::fuzz::Registration registered_##fuzzer(#fuzzer, fuzz_##fuzzer); \
  static void fuzz_##fuzzer(std::string_view input)

/// States a property; `detail` is made only if it does not hold.
#define REGSWEEP_HOLDS(property, detail) \
  ((property) ? void() : ::regsweep::fuzz::broken(__FILE__, __LINE__, #property, detail))
