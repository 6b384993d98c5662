#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

namespace regsweep::benchmarks {

/// The shape of a store to make; `make_store --help` says what each means.
struct Options {
  std::string out;
  std::size_t repos = 200;
  std::size_t tags = 50;
  std::size_t layers = 6;
  std::size_t shared_bases = 40;
  std::size_t platforms = 2;
  std::size_t uploads = 5;
  std::size_t layer_bytes = 4096;
  std::uint64_t seed = 1;
  double retagged = 0.3;
  double rebuilt = 0;
  double orphans = 0.1;
  double multiarch = 0.05;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  bool sparse = false;
};

}  // namespace regsweep::benchmarks
