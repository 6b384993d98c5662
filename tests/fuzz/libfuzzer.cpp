// What libFuzzer calls: the one fuzzer that is linked in. What it throws is not caught, so that the
// run ends where the property was found broken; GoogleTest's expectations throw, too.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  testing::GTEST_FLAG(throw_on_failure) = true;
  testing::GTEST_FLAG(catch_exceptions) = false;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const regsweep::fuzz::Fuzzer& fuzzer = regsweep::fuzz::fuzzers().at(0);
  fuzzer.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
