// What delete and prune print, compared with files in tests/golden.
#include <gtest/gtest.h>

#include <sstream>

#include "analyzer/deletion_choice.h"
#include "reports/deletion_report.h"
#include "reports/prune_report.h"
#include "tests/analyze.h"
#include "tests/golden_store.h"

namespace regsweep::reports {
namespace {

using analyzer::NamePattern;
using tests::expect_golden;

class DeletionGolden : public testing::Test {
 protected:
  DeletionGolden() {
    tests::write_golden_store(store_);
    audit_ = tests::steady_audit(store_);
    tests::push_in_order_of_names(audit_.survey);
  }

  tests::StoreBuilder store_;
  analyzer::Audit audit_;
};

NamePattern pattern(const std::string& text) {
  std::string why;
  return *NamePattern::parse(text, why);
}

TEST_F(DeletionGolden, RetentionInTextAndJson) {
  analyzer::RetentionPolicy tools;
  tools.name = "tools";
  tools.repositories = {pattern("team/tool")};
  tools.drop = {pattern("re:^[0-9]")};
  tools.may_empty = true;
  analyzer::RetentionPolicy apps;
  apps.name = "apps\x1b";
  apps.repositories = {pattern("team/*")};
  apps.keep = {pattern("latest")};
  apps.keep_last = 1;
  const std::vector<analyzer::RetentionPolicy> policies = {tools, apps};
  std::ostringstream text;
  std::ostringstream json;
  tests::with_threads(2, [&] {
    const Retention retention = make_retention(
        audit_.survey, policies, analyzer::judge_tags(audit_.survey, policies, {}, tests::kNow));
    write_prune_text(retention, {.verbose = true}, text);
    write_prune_json(retention, json);
  });
  expect_golden("prune.txt", text.str());
  expect_golden("prune.json", json.str());
}

TEST_F(DeletionGolden, WhatElseADeletionTouches) {
  const analyzer::Survey& survey = audit_.survey;
  std::vector<analyzer::Ref> refs;
  const std::string digest = store_.digest_of("team/app:latest");
  for (const std::string& name :
       {std::string("team/app:latest"), "team/app@" + digest, std::string("team/tool")}) {
    const analyzer::ResolvedRef resolved = analyzer::resolve_ref(survey, name);
    ASSERT_EQ(resolved.outcome, analyzer::RefOutcome::kResolved) << name;
    refs.push_back(resolved.ref);
  }
  std::ostringstream text;
  write_choice(survey, analyzer::choose(survey, refs), {}, text);
  expect_golden("delete.txt", text.str());
}

}  // namespace
}  // namespace regsweep::reports
