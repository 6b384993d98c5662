#include "reports/audit_text.h"

#include <gtest/gtest.h>

#include <sstream>

#include "reports/disk_use.h"
#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::reports {
namespace {

std::string text_of(const analyzer::Audit& audit) {
  std::ostringstream out;
  write_audit_text(audit, {}, out);
  return out.str();
}

TEST(AuditText, TheDiskAfterwardsIsThatOfWhatMayGo) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40)}).orphan(tests::layer("x", 3'000'000));
  store.untagged({tests::layer("old", 5'000'000)});
  analyzer::Audit audit = tests::audit_of(store);
  audit.disk = storage::DiskFigures{};
  audit.disk->size_bytes = 20'000'000;
  EXPECT_NE(text_of(audit).find("(100 %); after all of these 60 %"), std::string::npos)
      << text_of(audit);
  audit.context.harbor = true;
  EXPECT_EQ(text_of(audit).find("after all"), std::string::npos) << text_of(audit);
  EXPECT_EQ(text_of(audit).find("regsweep gc --apply"), std::string::npos) << text_of(audit);
  EXPECT_NE(text_of(audit).find("Harbor's own garbage collection"), std::string::npos);
  audit.context.harbor = false;
  audit.refusals = {"a manifest is not understood"};
  EXPECT_NE(text_of(audit).find("not as things are"), std::string::npos);
  EXPECT_EQ(text_of(audit).find("after all"), std::string::npos) << text_of(audit);
}

TEST(AuditText, GarbageThatASweepLeavesForItsAgeIsSaid) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40)}).orphan(tests::layer("x", 3'000'000));
  analyzer::Audit audit = tests::audit_of(store);
  const auto id = tests::id_of(audit.survey, store.digest_of("x"));
  const std::int64_t pushed = audit.survey.graph.mtime_seconds[analyzer::row(id)];
  const std::string said = "of the garbage, 2.9 MiB is younger than 24 h";
  audit.context.now_seconds = pushed + 3600;
  EXPECT_NE(text_of(audit).find(said), std::string::npos) << text_of(audit);
  audit.context.now_seconds = pushed + 48 * 3600;
  EXPECT_EQ(text_of(audit).find("of the garbage"), std::string::npos) << text_of(audit);
  audit.context.now_seconds = pushed + 3600;
  audit.refusals = {"a manifest is not understood"};
  EXPECT_EQ(text_of(audit).find("of the garbage"), std::string::npos) << text_of(audit);
}

TEST(AuditText, WhatWasMovedAsideCanBeHadBack) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40)});
  analyzer::Audit audit = tests::audit_of(store);
  EXPECT_EQ(text_of(audit).find("regsweep purge"), std::string::npos);
  audit.accounts[analyzer::SpaceClass::kQuarantine] = {1, {3'000'000, 3'000'000}};
  audit.context.store = "/srv/registry";
  EXPECT_NE(text_of(audit).find("2.9 MiB  for good, what earlier sweeps moved aside: regsweep "
                                "purge --all /srv/registry"),
            std::string::npos)
      << text_of(audit);
}

}  // namespace
}  // namespace regsweep::reports
