// Every file of the fuzzers' corpora once more, in every build of the tests: what a fuzzer has
// found stays found. A file that fails is run alone by `build/fuzz/fuzz_NAME FILE` (tools/fuzz
// builds it).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

std::filesystem::path corpus_of(std::string_view name) {
  return std::filesystem::path(REGSWEEP_TESTS_DIR "/fuzz/corpus") / name;
}

/// Runs a fuzzer's corpus. Nothing but a broken property is thrown by a fuzzer.
void replay(std::string_view name) {
  const auto& all = fuzzers();
  const auto fuzzer =
      std::find_if(all.begin(), all.end(), [&](const Fuzzer& one) { return one.name == name; });
  ASSERT_NE(fuzzer, all.end()) << "there is no fuzzer " << name;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(corpus_of(name))) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    SCOPED_TRACE(file.string());
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    try {
      fuzzer->run(bytes);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST(FuzzCorpus, Manifest) { replay("manifest"); }
TEST(FuzzCorpus, Link) { replay("link"); }
TEST(FuzzCorpus, Path) { replay("path"); }
TEST(FuzzCorpus, ImageConfig) { replay("image_config"); }
TEST(FuzzCorpus, RegistryConfig) { replay("registry_config"); }
TEST(FuzzCorpus, Plan) { replay("plan"); }
TEST(FuzzCorpus, Journal) { replay("journal"); }
TEST(FuzzCorpus, Listing) { replay("listing"); }
TEST(FuzzCorpus, Policy) { replay("policy"); }
TEST(FuzzCorpus, Pattern) { replay("pattern"); }
TEST(FuzzCorpus, Ref) { replay("ref"); }
TEST(FuzzCorpus, Option) { replay("option"); }
TEST(FuzzCorpus, SavedAudit) { replay("saved_audit"); }
TEST(FuzzCorpus, ResultCache) { replay("result_cache"); }

TEST(FuzzCorpus, EveryFuzzerHasATestHere) { EXPECT_EQ(fuzzers().size(), 14u); }

}  // namespace
}  // namespace regsweep::fuzz
