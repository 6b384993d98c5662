#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/store_builder.h"

namespace regsweep::tests {

/// The same numbers on every platform for the same seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(from.size()))];
  }

 private:
  std::mt19937_64 engine_;
};

/// A store of images with shared layers, nested repositories, indexes, retags, orphans and uploads,
/// the same for the same seed, and the names of what is in it.
class RandomStore {
 public:
  explicit RandomStore(std::uint64_t seed);

  StoreBuilder builder;
  Random random;
  std::vector<std::string> repositories;
  std::vector<Layer> layers;

  /// Names of the manifests of a repository; it has one at least.
  const std::vector<std::string>& manifests(const std::string& repository) const {
    return manifests_.at(repository);
  }
  const std::string& any_repository() { return random.pick(repositories); }
  const std::string& any_manifest(const std::string& repository) {
    return random.pick(manifests_.at(repository));
  }
  std::vector<Layer> some_layers();
  std::string new_name() { return "m" + std::to_string(++names_); }

 private:
  void add_image(const std::string& repository);
  void add_index(const std::string& repository);
  void fill(const std::string& repository);

  std::map<std::string, std::vector<std::string>> manifests_;
  int names_ = 0;
};

/// One row of "Odd cases" in docs: done to a store at random places.
struct OddCase {
  const char* name;
  void (*apply)(RandomStore& store);
};
const std::vector<OddCase>& odd_cases();

/// Does a few of them; returns their names.
std::string add_odd_cases(RandomStore& store);

}  // namespace regsweep::tests
