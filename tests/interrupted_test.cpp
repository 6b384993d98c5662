// An audit that its user ends early: at whatever look at the store that is, it is a report of a
// part, says so, and draws no conclusion from what it did not see.
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "analyzer/audit.h"
#include "tests/analyze.h"
#include "tests/golden_store.h"
#include "tests/invariants.h"
#include "tests/store_builder.h"

namespace regsweep::tests {
namespace {

using analyzer::Audit;
using analyzer::FindingCode;

class InterruptedAudit : public testing::TestWithParam<bool> {
 protected:
  InterruptedAudit() {
    write_golden_store(builder_);
    store_ = open_store(builder_);
  }

  /// An audit that is interrupted at the nth time that it asks. `asked` becomes how often it did.
  Audit interrupted_at(int nth, int threads, int& asked) {
    std::atomic<int> count = 0;
    analyzer::AuditOptions options;
    options.exact = GetParam();
    options.context.root = builder_.root();
    options.context.now_seconds = kNow;
    options.interrupted = [&] { return ++count >= nth; };
    Audit audit;
    with_threads(threads, [&] { audit = analyzer::audit(*store_, options); });
    asked = count;
    return audit;
  }

  StoreBuilder builder_;
  std::unique_ptr<storage::Store> store_;
};

std::set<std::string> digests_of(const Audit& audit, const std::vector<analyzer::DigestId>& ids) {
  std::set<std::string> digests;
  for (const analyzer::DigestId id : ids) digests.insert(audit.survey.graph.digests[id].text());
  return digests;
}

TEST_P(InterruptedAudit, SaysSoAtEveryLookAndBlamesNothing) {
  constexpr int kNever = 1'000'000'000;
  int looks = 0;
  const Audit whole = interrupted_at(kNever, 1, looks);
  ASSERT_FALSE(whole.survey.interrupted);
  ASSERT_GT(looks, 100);
  const std::set<std::string> missing = digests_of(whole, whole.damage.missing);

  for (int nth = 1; nth <= looks; nth += 3) {
    SCOPED_TRACE(nth);
    int asked = 0;
    const Audit part = interrupted_at(nth, nth % 2 + 1, asked);
    ASSERT_TRUE(part.survey.interrupted);
    EXPECT_FALSE(part.survey.complete);
    EXPECT_NE(finding_of(part, FindingCode::kInterrupted), nullptr);
    EXPECT_EQ(finding_of(part, FindingCode::kChanged), nullptr);
    EXPECT_FALSE(part.refusals.empty()) << "nothing may be swept by it";
    if (!GetParam()) check_accounts(part, builder_.root());  // the total of a part is not du's
    EXPECT_TRUE(part.frees_most.empty());
    for (const std::string& digest : digests_of(part, part.damage.missing)) {
      EXPECT_TRUE(missing.contains(digest)) << digest << " is there";
    }
    EXPECT_NE(json_of(part).find("\"complete\": false"), std::string::npos);
  }
}

TEST_P(InterruptedAudit, LooksAtNothingMore) {
  int looks = 0;
  const Audit part = interrupted_at(1, 1, looks);
  EXPECT_EQ(part.survey.graph.node_count(), 0U);
  EXPECT_TRUE(part.survey.repositories.empty());
}

INSTANTIATE_TEST_SUITE_P(Scan, InterruptedAudit, testing::Values(false, true),
                         [](const auto& param) { return param.param ? "Exact" : "Plain"; });

}  // namespace
}  // namespace regsweep::tests
