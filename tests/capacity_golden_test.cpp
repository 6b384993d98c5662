// Capacity reports in every format, compared with files in tests/golden.
#include <gtest/gtest.h>

#include <sstream>

#include "reports/audit_prometheus.h"
#include "reports/capacity.h"
#include "reports/capacity_report.h"
#include "tests/analyze.h"
#include "tests/golden_store.h"

namespace regsweep::reports {
namespace {

using tests::expect_golden;

class CapacityGolden : public ::testing::Test {
 protected:
  CapacityGolden() {
    tests::write_golden_store(store_);
    audit_ = tests::steady_audit(store_);
  }
  void expect(const std::string& name, const Sheet& sheet, Format format,
              const TextOptions& options = {}) const {
    std::ostringstream out;
    write_capacity(audit_, sheet, format, options, out);
    expect_golden(name, out.str());
  }

  tests::StoreBuilder store_;
  analyzer::Audit audit_;
};

TEST_F(CapacityGolden, RepositoriesInEveryFormat) {
  Sheet sheet = repository_sheet(audit_, {});
  sort_items(sheet, column_at(sheet, "size"), false);
  expect("repos.txt", sheet, Format::kText);
  keep_first(sheet, 2);
  expect("repos_color.txt", sheet, Format::kText, {.apparent = true, .color = true, .width = 90});
  expect("repos.json", sheet, Format::kJson);
  expect("repos.csv", sheet, Format::kCsv);
  expect("repos.ndjson", sheet, Format::kNdjson);
  expect("repos.prom", sheet, Format::kPrometheus);
}

TEST_F(CapacityGolden, TheOtherViews) {
  expect("repos_depth.txt", repository_sheet(audit_, {.prefix = "", .depth = 1, .rules = {}}),
         Format::kText);
  expect("repos_tags.txt", tag_sheet(audit_, ""), Format::kText);
  expect("repos_type.txt", media_type_sheet(audit_), Format::kText);
  expect("repos_age.txt", blob_age_sheet(audit_, tests::kNow), Format::kText);
  expect("repos_push.txt", push_age_sheet(audit_, tests::kNow), Format::kText);
  expect("repos_blob.txt", largest_blob_sheet(audit_, 3), Format::kText);
}

TEST_F(CapacityGolden, TheAuditForPrometheus) {
  std::ostringstream out;
  write_audit_prometheus(audit_, 2, false, out);
  expect_golden("audit.prom", out.str());
}

}  // namespace
}  // namespace regsweep::reports
