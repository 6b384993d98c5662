// Whole reports compared with files in tests/golden; REGSWEEP_GOLDEN=write writes them anew.
#include <gtest/gtest.h>

#include <sstream>

#include "analyzer/tag_list.h"
#include "reports/audit_json.h"
#include "reports/audit_text.h"
#include "reports/tag_report.h"
#include "tests/analyze.h"
#include "tests/golden_store.h"

namespace regsweep::reports {
namespace {

using analyzer::Audit;
using tests::expect_golden;
using tests::layer;
using tests::steady_audit;
using tests::StoreBuilder;

class GoldenTest : public ::testing::Test {
 protected:
  GoldenTest() {
    tests::write_golden_store(store_);
    audit_ = steady_audit(store_);
  }
  std::string audit_text(const TextOptions& options) const {
    std::ostringstream out;
    write_audit_text(audit_, options, out);
    return out.str();
  }

  StoreBuilder store_;
  Audit audit_;
};

TEST_F(GoldenTest, AuditText) { expect_golden("audit.txt", audit_text({})); }

TEST_F(GoldenTest, AuditTextWithEverything) {
  expect_golden("audit_verbose.txt",
                audit_text({.raw_bytes = true, .apparent = true, .verbose = true}));
}

TEST_F(GoldenTest, AuditTextOfTheLargestRepositoryInColor) {
  expect_golden("audit_color.txt", audit_text({.color = true, .most_repositories = 1}));
}

TEST_F(GoldenTest, AuditJson) {
  std::ostringstream out;
  write_audit_json(audit_, out);
  expect_golden("audit.json", out.str());
}

TEST_F(GoldenTest, Tags) {
  store_.repo("odd").image("\x1b[31mred", {layer("base", 300'000)});
  store_.empty_link(store_.tag_path("empty")).directory("repositories/odd/_manifests/tags/nothing");
  const Audit audit = steady_audit(store_);
  TagReport tags;
  tags.tags = analyzer::list_tags(audit.survey, audit.damage, {});
  const auto read = tests::open_store(store_);
  tests::with_threads(2, [&] {
    analyzer::add_details(*read, audit.survey, tags.tags);
    tags.with_untagged = true;
    tags.untagged = analyzer::untagged_revisions(*read, audit.survey, {0});
  });
  for (auto& revision : tags.untagged) revision.linked_seconds = 0;  // those of this moment
  std::ostringstream text;
  write_tags_text(audit.survey, tags, {}, text);
  expect_golden("tags.txt", text.str());
  std::ostringstream json;
  write_tags_json(audit.survey, tags, json);
  expect_golden("tags.json", json.str());
  std::ostringstream csv;
  write_tags_csv(audit.survey, tags, csv);
  expect_golden("tags.csv", csv.str());
}

TEST(Golden, AnEmptyStore) {
  StoreBuilder store;
  std::ostringstream out;
  write_audit_text(steady_audit(store), {}, out);
  expect_golden("audit_empty.txt", out.str());
}

}  // namespace
}  // namespace regsweep::reports
