// Properties of every audit, on random stores. REGSWEEP_RANDOM_STORES raises their number,
// REGSWEEP_RANDOM_SEED repeats from one that failed.
#include "tests/random_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/analyze.h"
#include "tests/invariants.h"

namespace regsweep::tests {
namespace {

using analyzer::RegistryVersion;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What a policy does not say of 2.8: it sees no repository without `_layers` or behind a file
/// whose name begins with '_', and takes a link's content only if the repository links that by its
/// path, too.
bool beyond_a_policy(const analyzer::Survey& survey) {
  for (const storage::WalkEntry& entry : survey.walk) {
    if (!entry.is_directory) return true;
  }
  for (const analyzer::Repository& repository : survey.repositories) {
    if (repository.has_revisions && !repository.has_layers) return true;
    const auto& paths = repository.revisions.paths;
    for (const analyzer::OddLink& odd : repository.revisions.odd) {
      if (std::find(paths.begin(), paths.end(), odd.content) == paths.end()) return true;
    }
  }
  return !survey.stray_links.empty();
}

/// The policy of 2.8 marks what its collector marks.
void check_policy_of_2_8(const analyzer::Audit& audit) {
  const analyzer::Survey& survey = audit.survey;
  if (beyond_a_policy(survey)) return;
  for (const bool delete_untagged : {false, true}) {
    const auto run = analyzer::replay_collector(
        survey, {RegistryVersion::k2_8, delete_untagged, audit.context.root}, nullptr);
    if (!run.error.empty()) continue;
    const auto policy = analyzer::registry_2_8_policy(delete_untagged);
    EXPECT_EQ(marked(survey, analyzer::mark(survey, policy)), marked(survey, run.marks))
        << delete_untagged;
  }
}

/// Layer links are read by --exact alone; where they name their paths, as ordinary ones do, the
/// closure does not differ without.
void check_same_closure(const analyzer::Audit& exact, const analyzer::Audit& fast) {
  EXPECT_EQ(marked(exact.survey, exact.accounts.live), marked(fast.survey, fast.accounts.live));
  EXPECT_EQ(marked(exact.survey, exact.accounts.live_by_tag),
            marked(fast.survey, fast.accounts.live_by_tag));
}

void check_everything(const StoreBuilder& builder, bool odd) {
  const analyzer::Audit exact = audit_of(builder);
  const analyzer::Audit fast = audit_of(builder, {.exact = false});
  check_accounts(exact, builder.root());
  check_accounts(fast, builder.root());
  check_closure(exact, NaiveStore(builder.v2()));
  check_safe_is_superset(exact);
  check_policy_of_2_8(exact);
  if (!odd) check_same_closure(exact, fast);
}

/// Calls `check(store, odd)` for many random stores, half of them with odd cases.
template <class Check>
void for_random_stores(std::uint64_t stores, Check&& check) {
  const std::uint64_t first = from_environment("REGSWEEP_RANDOM_SEED", 1);
  const std::uint64_t count = from_environment("REGSWEEP_RANDOM_STORES", stores);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    RandomStore store(seed);
    const std::string odd = seed % 2 == 0 ? add_odd_cases(store) : "";
    SCOPED_TRACE("REGSWEEP_RANDOM_SEED=" + std::to_string(seed) + " " + odd);
    check(store, !odd.empty());
    if (::testing::Test::HasFailure()) return;  // one store at a time
  }
}

TEST(RandomStore, AuditsAddUpAndKeepWhatASecondReadingKeepsAndWhatRegistriesMark) {
  for_random_stores(150,
                    [](RandomStore& store, bool odd) { check_everything(store.builder, odd); });
}

TEST(RandomStore, TheOutputDoesNotDependOnThreads) {
  for_random_stores(30, [](RandomStore& store, bool) {
    check_determinism(store.builder, true);
    check_determinism(store.builder, false);
  });
}

TEST(RandomStore, EveryOddCaseHoldsAllOfThis) {
  for (const OddCase& odd : odd_cases()) {
    SCOPED_TRACE(odd.name);
    RandomStore store(7);
    odd.apply(store);
    check_everything(store.builder, true);
    check_determinism(store.builder, true);
  }
}

}  // namespace
}  // namespace regsweep::tests
