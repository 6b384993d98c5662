// What real collectors did to 54 small stores, recorded in tests/conformance.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cli/command.h"
#include "tests/analyze.h"
#include "tests/invariants.h"

namespace regsweep::tests {
namespace {

using analyzer::RegistryVersion;
using nlohmann::json;

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(REGSWEEP_TESTS_DIR "/conformance")) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

json read_case(const std::string& name) {
  std::ifstream in(REGSWEEP_TESTS_DIR "/conformance/" + name + ".json");
  return json::parse(in);
}

std::string from_base64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  while (!bytes.empty() && bytes.size() > 3 * text.find('=') / 4) bytes.pop_back();
  return bytes;
}

void write_store(const json& recorded, StoreBuilder& builder) {
  builder.remove("blobs").remove("repositories");
  for (const auto& [path, content] : recorded.at("files").items()) {
    builder.link(path, content.is_string() ? content.get<std::string>()
                                           : from_base64(content.at("base64").get<std::string>()));
  }
  for (const json& path : recorded.at("dirs")) builder.directory(path.get<std::string>());
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// The recordings name the root directory ROOT.
std::string with_root(std::string text, const std::string& root) {
  for (std::size_t at; (at = text.find("ROOT")) != std::string::npos;) text.replace(at, 4, root);
  return text;
}

class ConformanceTest : public ::testing::TestWithParam<std::string> {
 protected:
  ConformanceTest() : recorded_(read_case(GetParam())) { write_store(recorded_, builder_); }

  void expect_same(const analyzer::Survey& survey, RegistryVersion version, const json& expected,
                   bool delete_untagged) {
    const std::string command = delete_untagged ? "gc -m" : "gc";
    const json& run = expected.contains(command + " --dry-run")
                          ? expected.at(command + " --dry-run")
                          : expected.at(command);
    const Collected ours = collect(survey, builder_, version, delete_untagged);
    EXPECT_EQ(ours.lines, settled(run.at("stdout").get<std::vector<std::string>>())) << command;
    EXPECT_EQ(ours.run.exit_code, run.at("exit").get<int>()) << command;
    EXPECT_EQ(first_line(ours.run.error), with_root(run.value("stderr", ""), builder_.root()))
        << command;
  }

  json recorded_;
  StoreBuilder builder_;
};

TEST_P(ConformanceTest, BothCollectorsAreRepeatedLineByLine) {
  const analyzer::Survey survey = names_of(builder_);
  const json& expect = recorded_.at("expect");
  for (const bool delete_untagged : {false, true}) {
    expect_same(survey, RegistryVersion::k2_8, expect.at("2.8.3"), delete_untagged);
    expect_same(survey, RegistryVersion::k3, expect.at("3.1.1"), delete_untagged);
  }
}

TEST_P(ConformanceTest, TheAuditAddsUpAndDoesNotDependOnThreads) {
  const analyzer::Audit audit = audit_of(builder_);
  EXPECT_TRUE(audit.survey.complete);
  check_accounts(audit, builder_.root());
  check_accounts(audit_of(builder_, {.exact = false}), builder_.root());
  check_closure(audit, NaiveStore(builder_.v2()));
  check_safe_is_superset(audit);
  check_determinism(builder_, true);
  check_determinism(builder_, false);
}

/// What a registry removes for good and the safe closure does not keep must be the same blobs, but
/// for those that the audit says a registry would lose.
TEST_P(ConformanceTest, WhatARegistryRemovedIsGarbageOrReportedAsLost) {
  const analyzer::Audit audit = audit_of(builder_);
  for (const auto& [version, name] :
       {std::pair(RegistryVersion::k2_8, "2.8.3"), std::pair(RegistryVersion::k3, "3.1.1")}) {
    for (const bool delete_untagged : {false, true}) {
      const json& run = recorded_["expect"][name][delete_untagged ? "gc -m" : "gc"];
      if (run.at("exit").get<int>() != 0) continue;
      const analyzer::Marks& live =
          delete_untagged ? audit.accounts.live_by_tag : audit.accounts.live;
      std::uint64_t lost = 0;
      for (const json& removed : run.at("removed")) {
        const std::string path = removed.get<std::string>();
        if (!path.starts_with("blobs/") || !path.ends_with("/data")) continue;
        const std::string hex = path.substr(path.size() - 5 - 64, 64);
        lost += live[row(id_of(audit.survey, "sha256:" + hex))];
      }
      EXPECT_EQ(hazard_of(audit, version, delete_untagged).lost_blobs, lost)
          << name << (delete_untagged ? " -m" : "");
    }
  }
}

/// Everything below v2, directories with a slash behind, as the recordings have it.
std::set<std::string> tree(const std::string& v2) {
  std::set<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(v2)) {
    const bool directory = entry.is_directory() && !entry.is_symlink();
    paths.insert(std::filesystem::relative(entry.path(), v2).string() + (directory ? "/" : ""));
  }
  return paths;
}

TEST_P(ConformanceTest, ARealRunRemovesTheSameAndSaysTheSame) {
  for (const auto& [version, semantics] :
       {std::pair("2.8.3", "registry-2.8"), std::pair("3.1.1", "registry-3")}) {
    for (const bool delete_untagged : {false, true}) {
      SCOPED_TRACE(std::string(semantics) + (delete_untagged ? " -m" : ""));
      const json& run = recorded_["expect"][version][delete_untagged ? "gc -m" : "gc"];
      StoreBuilder copy;
      write_store(recorded_, copy);
      const std::set<std::string> before = tree(copy.v2());
      std::vector<std::string> args = {"garbage-collect", "--semantics", semantics, copy.root()};
      if (delete_untagged) args.emplace_back("-m");
      std::ostringstream out;
      std::ostringstream err;
      EXPECT_EQ(cli::run(args, {out, err, {}, false, false}), run.at("exit").get<int>());
      EXPECT_EQ(settled(lines_of(out.str())),
                settled(run.at("stdout").get<std::vector<std::string>>()));
      EXPECT_EQ(first_line(err.str()), with_root(run.value("stderr", ""), copy.root()));
      std::set<std::string> removed;
      const std::set<std::string> after = tree(copy.v2());
      std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                          std::inserter(removed, removed.end()));
      EXPECT_EQ(removed, run.at("removed").get<std::set<std::string>>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, ConformanceTest, ::testing::ValuesIn(case_names()),
                         [](const auto& case_info) {
                           std::string name = case_info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace regsweep::tests
