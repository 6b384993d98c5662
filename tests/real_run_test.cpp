// Runs that really remove, against Debian's docker-registry 2.8 on a copy of the same store: the
// same lines, the same exit code, and the same files left. REGSWEEP_RANDOM_STORES raises their
// number.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "cli/command.h"
#include "tests/analyze.h"
#include "tests/random_store.h"

namespace regsweep::tests {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> files_below(const std::string& directory) {
  std::set<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    paths.insert(fs::relative(entry.path(), directory).string());
  }
  return paths;
}

struct Ran {
  int exit_code = -1;
  std::vector<std::string> lines;
  std::set<std::string> left;
};

/// Nothing of these names needs quoting but the paths, which the builder made.
Ran run_registry(const StoreBuilder& builder, bool delete_untagged) {
  const std::string out = builder.beside("out");
  const std::string command = std::string("docker-registry garbage-collect ") +
                              (delete_untagged ? "-m '" : "'") + builder.config_file() + "' >'" +
                              out + "' 2>/dev/null";
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), settled(lines_of(content_of(out))), files_below(builder.v2())};
}

Ran run_ours(const StoreBuilder& builder, bool delete_untagged) {
  std::ostringstream out;
  std::ostringstream err;
  std::vector<std::string> args = {"garbage-collect", "--semantics", "registry-2.8",
                                   builder.root()};
  if (delete_untagged) args.emplace_back("-m");
  const int code = cli::run(args, {out, err, {}, false, false});
  return {code, settled(lines_of(out.str())), files_below(builder.v2())};
}

/// Whether a run came to its sweep.
bool swept(const std::vector<std::string>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find(" blobs marked, ") != std::string::npos;
  });
}

void expect_same(const StoreBuilder& theirs, const StoreBuilder& mine, bool delete_untagged) {
  const Ran real = run_registry(theirs, delete_untagged);
  const Ran ours = run_ours(mine, delete_untagged);
  EXPECT_EQ(ours.exit_code, real.exit_code);
  if (real.exit_code != 0 && swept(real.lines)) {
    // It stopped while it swept, in the order of a Go map: how far it came is a matter of chance.
    EXPECT_TRUE(swept(ours.lines));
    return;
  }
  EXPECT_EQ(ours.lines, real.lines);
  EXPECT_EQ(ours.left, real.left);
}

bool registry_is_there() {
  return std::system("docker-registry --version 2>/dev/null | grep -q ' 2\\.8'") == 0;
}

TEST(RealRun, RandomStoresLoseTheSameFiles) {
  if (!registry_is_there()) GTEST_SKIP() << "there is no docker-registry 2.8 on PATH";
  const char* more = std::getenv("REGSWEEP_RANDOM_STORES");
  const std::uint64_t count = more == nullptr ? 200 : std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = 5000; seed < 5000 + count; ++seed) {
    for (const bool delete_untagged : {false, true}) {
      SCOPED_TRACE("seed " + std::to_string(seed) + (delete_untagged ? " -m" : ""));
      RandomStore theirs(seed);
      RandomStore mine(seed);
      if (seed % 2 == 0) {
        add_odd_cases(theirs);
        add_odd_cases(mine);
      }
      expect_same(theirs.builder, mine.builder, delete_untagged);
      if (HasFailure()) return;
    }
  }
}

TEST(RealRun, EveryOddCaseLosesTheSameFiles) {
  if (!registry_is_there()) GTEST_SKIP() << "there is no docker-registry 2.8 on PATH";
  for (const OddCase& odd : odd_cases()) {
    for (const bool delete_untagged : {false, true}) {
      SCOPED_TRACE(std::string(odd.name) + (delete_untagged ? " -m" : ""));
      RandomStore theirs(7);
      RandomStore mine(7);
      odd.apply(theirs);
      odd.apply(mine);
      expect_same(theirs.builder, mine.builder, delete_untagged);
    }
  }
}

}  // namespace
}  // namespace regsweep::tests
