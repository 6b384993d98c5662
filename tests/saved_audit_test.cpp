// Reading saved audits: what is whole is read back as it was, what is not is refused and says why.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/analyze.h"
#include "tests/random_store.h"
#include "tests/saved_audits.h"

namespace regsweep::reports {
namespace {

using tests::AuditWriter;
using tests::layer;
using tests::read_saved;
using tests::StoreBuilder;

std::string problem_of(const std::string& text) {
  const auto audit = read_saved(text);
  return audit ? "none" : audit.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

AuditWriter two_repositories() {
  AuditWriter audit;
  audit.repo("team/tool", 2, {.exclusive = 7000, .shared = 100, .untagged = 50})
      .repo("team/app", 3, {.exclusive = 9000, .shared = 100, .reclaimable = 4000})
      .shared_blobs(100)
      .orphans(12)
      .links(40, false)
      .finding("old-upload", "note", 2);
  return audit;
}

TEST(SavedAudit, IsReadBackAsItWasWritten) {
  const SavedAudit audit = two_repositories().saved();
  EXPECT_TRUE(audit.complete);
  EXPECT_TRUE(audit.exact);
  EXPECT_EQ(audit.file, "audit.json");
  EXPECT_EQ(audit.root, "/var/lib/registry");
  EXPECT_EQ(audit.tags, 5u);
  ASSERT_EQ(audit.repositories.size(), 2u);
  EXPECT_EQ(audit.repositories[0].name, "team/app");  // by name, whatever the file's order
  EXPECT_EQ(audit.repositories[0].size.apparent, 9100u);
  EXPECT_EQ(audit.repositories[0].reclaimable.allocated, 4096u);
  EXPECT_EQ(audit.repositories[1].untagged.apparent, 50u);
  EXPECT_EQ(audit.garbage_of_none.apparent, 12u);
  EXPECT_EQ(audit[analyzer::SpaceClass::kTagged].bytes.apparent, 16'100u);
  ASSERT_EQ(audit.findings.size(), 1u);
  EXPECT_EQ(audit.findings[0].objects, 2u);
}

TEST(SavedAudit, OfEveryRandomStoreIsReadWithTheFiguresOfTheAudit) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    tests::RandomStore store(seed);
    const std::string odd = tests::add_odd_cases(store);
    for (const bool exact : {false, true}) {
      const analyzer::Audit audit = tests::audit_of(store.builder, {.exact = exact});
      const auto saved = read_saved(tests::json_of(audit));
      ASSERT_TRUE(saved) << seed << odd << ": " << saved.error().message;
      EXPECT_EQ(saved->complete, audit.survey.complete);
      EXPECT_EQ(saved->exact, audit.survey.exact);
      EXPECT_EQ(saved->total.bytes, audit.accounts.total.bytes);
      ASSERT_EQ(saved->repositories.size(), audit.accounts.repositories.size());
      std::uint64_t objects = 0;
      for (const auto& finding : audit.findings) objects += finding.objects;
      for (const auto& finding : saved->findings) objects -= finding.objects;
      EXPECT_EQ(objects, 0u);
    }
  }
}

TEST(SavedAudit, FindingsOfOneCodeAreOneWithTheGravestConcern) {
  AuditWriter audit;
  audit.finding("collector-aborts", "note", 1).finding("collector-aborts", "danger", 2);
  const SavedAudit saved = audit.saved();
  ASSERT_EQ(saved.findings.size(), 1u);
  EXPECT_EQ(saved.findings[0].objects, 3u);
  EXPECT_EQ(saved.findings[0].concern, analyzer::Concern::kDanger);
}

TEST(SavedAudit, OrderOfNamesAndUnknownFieldsDoNotMatter) {
  AuditWriter audit = two_repositories();
  audit.json["later"] = {{"deep", {1, {2, {3}}}}};
  audit.json["repositories"][0]["later"] = "x";
  EXPECT_EQ(audit.saved().repositories.size(), 2u);
  const nlohmann::json sorted = nlohmann::json::parse(audit.text());
  EXPECT_EQ(problem_of(sorted.dump()), "none");
}

TEST(SavedAudit, TextThatATerminalWouldActOnIsMadeSafe) {
  AuditWriter audit;
  audit.repo("a\x1b[31mb", 0, {});
  audit.json["store"]["root"] = "/x\x07y";
  const SavedAudit saved = audit.saved("new\nline");
  EXPECT_EQ(saved.repositories[0].name, "a\\x1b[31mb");
  EXPECT_EQ(saved.root, "/x\\x07y");
  EXPECT_EQ(saved.file, "new\\x0aline");
}

TEST(SavedAudit, WhatIsCutOffAnywhereIsRefused) {
  const std::string whole = two_repositories().text();
  for (std::size_t length = 0; length + 2 < whole.size(); length += 7) {
    EXPECT_TRUE(has(problem_of(whole.substr(0, length)), "is not a saved audit")) << length;
  }
  EXPECT_TRUE(has(problem_of(whole + "{"), "cut off or was changed"));
  EXPECT_TRUE(has(problem_of(""), "empty or not JSON"));
  EXPECT_TRUE(has(problem_of("\x1f\x8b\x08"), "empty or not JSON"));
  EXPECT_TRUE(has(problem_of(std::string(100'000, '[')), "nested too deeply"));
}

TEST(SavedAudit, OtherSchemasAreRefusedAndNamed) {
  AuditWriter audit = two_repositories();
  audit.json["schema"] = "regsweep.audit/2";
  EXPECT_TRUE(has(problem_of(audit.text()), "of format regsweep.audit/2"));
  audit.json["schema"] = "regsweep.verify/1";
  EXPECT_TRUE(has(problem_of(audit.text()), "its schema is regsweep.verify/1"));
  audit.json["schema"] = 1;
  EXPECT_TRUE(has(problem_of(audit.text()), "its schema is ?"));
  // Where the schema stands last, it still is what is wrong.
  audit.json["schema"] = "regsweep.audit/9";
  audit.json["repositories"][0].erase("size");
  const nlohmann::json sorted = nlohmann::json::parse(audit.text());
  EXPECT_TRUE(has(problem_of(sorted.dump()), "of format regsweep.audit/9"));
  for (const char* text : {"[]", "7", "null", "\"regsweep.audit/1\""}) {
    EXPECT_TRUE(has(problem_of(text), "the document is not an object")) << text;
  }
}

struct Damage {
  const char* says;
  std::function<void(nlohmann::ordered_json&)> change;
};

TEST(SavedAudit, ImpossibleFiguresAreRefusedAndThePlaceIsNamed) {
  using J = nlohmann::ordered_json;
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const std::vector<Damage> damages = {
      {"schema is missing", [](J& d) { d.erase("schema"); }},
      {"complete is missing", [](J& d) { d.erase("complete"); }},
      {"complete is neither true nor false", [](J& d) { d["complete"] = "yes"; }},
      {"store.root is not a text", [](J& d) { d["store"]["root"] = 5; }},
      {"store is not an object", [](J& d) { d["store"] = 5; }},
      {"total.objects is missing", [](J& d) { d["total"].erase("objects"); }},
      {"total.objects is negative", [](J& d) { d["total"]["objects"] = -1; }},
      {"total.objects is not a whole number", [](J& d) { d["total"]["objects"] = 1.5; }},
      {"total.objects is not a whole number", [](J& d) { d["total"]["objects"] = "7"; }},
      {"total.objects is too large", [=](J& d) { d["total"]["objects"] = most; }},
      {"total.objects is too large", [](J& d) { d["total"]["objects"] = 1e30; }},
      {"total is not the sum of space", [](J& d) { d["total"]["objects"] = 1; }},
      {"space lacks the class structure", [](J& d) { d["space"].erase(6); }},
      {"space holds a class twice: tagged", [](J& d) { d["space"].push_back(d["space"][0]); }},
      {"space holds an unknown class: x", [](J& d) { d["space"][0]["class"] = "x"; }},
      {"space is not a list", [](J& d) { d["space"] = J::object(); }},
      {"repositories is not a list", [](J& d) { d["repositories"] = 5; }},
      {"repositories is missing", [](J& d) { d.erase("repositories"); }},
      {"something that is not an object", [](J& d) { d["repositories"].push_back(5); }},
      {"repositories[1].tags is missing", [](J& d) { d["repositories"][1].erase("tags"); }},
      {"repositories[1].size.apparent_bytes is negative",
       [](J& d) { d["repositories"][1]["size"]["apparent_bytes"] = -5; }},
      {"the size of a repository is not exclusive + shared",
       [](J& d) { d["repositories"][1]["size"]["apparent_bytes"] = 5; }},
      {"repositories holds one twice: team/app",
       [](J& d) { d["repositories"][0]["name"] = "team/app"; }},
      {"as many as store.repositories", [](J& d) { d["repositories"].erase(0); }},
      {"store.tags is not the sum", [](J& d) { d["store"]["tags"] = 6; }},
      {"garbage.one_repository is not the sum",
       [](J& d) { d["repositories"][1]["reclaimable"]["apparent_bytes"] = 6; }},
      {"garbage is not the class of that name",
       [](J& d) { d["garbage"]["orphan"]["apparent_bytes"] = 6; }},
      {"add up to too large a number",
       [](J& d) {
         for (std::size_t i = 0; i < 2; ++i) {
           for (const char* part : {"exclusive", "size"}) {
             d["repositories"][i][part]["apparent_bytes"] = 6'000'000'000'000'000'000;
           }
           d["repositories"][i]["shared"]["apparent_bytes"] = 0;
         }
       }},
      {"bytes of garbage add up to too large a number",  // in 64 bits, they are the class's
       [](J& d) {
         d["repositories"][1]["reclaimable"]["apparent_bytes"] = 4014;
         d["garbage"]["one_repository"]["apparent_bytes"] = 4014;
         for (const char* part : {"several_repositories", "orphan"}) {
           d["garbage"][part]["apparent_bytes"] = std::numeric_limits<std::int64_t>::max();
         }
       }},
      {"more exclusive bytes",
       [](J& d) {
         d["repositories"][0]["exclusive"]["apparent_bytes"] = 6'000'000;
         d["repositories"][0]["size"]["apparent_bytes"] = 6'000'100;
       }},
      {"findings[0].objects is negative", [](J& d) { d["findings"][0]["objects"] = -1; }},
      {"findings is not a list", [](J& d) { d["findings"] = nullptr; }},
  };
  for (const Damage& damage : damages) {
    AuditWriter audit = two_repositories();
    damage.change(audit.json);
    EXPECT_TRUE(has(problem_of(audit.text()), damage.says))
        << damage.says << ", but: " << problem_of(audit.text());
  }
}

}  // namespace
}  // namespace regsweep::reports
