#include "analyzer/age.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace regsweep::analyzer {

std::size_t age_row(std::int64_t then_seconds, std::int64_t now_seconds) noexcept {
  constexpr std::int64_t kDay = 24 * 3600;
  const std::int64_t age = now_seconds - then_seconds;
  const auto* end = std::find_if(kAgeDays.begin(), kAgeDays.end(),
                                 [&](std::uint32_t days) { return age < days * kDay; });
  return static_cast<std::size_t>(end - kAgeDays.begin());
}

std::array<ClassSplit, kAges> blobs_by_age(const Survey& survey, const Accounts& accounts,
                                           std::int64_t now_seconds) {
  std::array<ClassSplit, kAges> rows;
  survey.graph.each_blob([&](DigestId id) {
    const std::uint32_t mtime = survey.graph.mtime_seconds[row(id)];
    add_blob(survey, accounts, id, rows[age_row(mtime, now_seconds)]);
  });
  return rows;
}

PushAges tags_by_push(const Survey& survey, std::int64_t now_seconds) {
  constexpr std::size_t kUnknown = kAges;
  std::array<std::vector<DigestId>, kAges + 1> roots;
  PushAges ages;
  for (const Repository& repository : survey.repositories) {
    std::vector<DigestId> own;
    add_roots(survey, repository, Roots::kTags, own);
    std::vector<DigestId> tagged;
    for (const Tag& tag : repository.tags) {
      if (tag.state != storage::LinkState::kRead) continue;
      const bool known = tag.pushed_seconds != 0;
      const std::size_t at = known ? age_row(tag.pushed_seconds, now_seconds) : kUnknown;
      ++(known ? ages.rows[at] : ages.unknown).tags;
      roots[at].push_back(tag.digest);
      tagged.push_back(tag.digest);
    }
    // Where a tag cannot be read, revisions are roots as well: they may be what it means.
    std::sort(tagged.begin(), tagged.end());
    for (const DigestId id : own) {
      if (!std::binary_search(tagged.begin(), tagged.end(), id)) roots[kUnknown].push_back(id);
    }
  }
  std::vector<std::uint8_t> seen(survey.graph.node_count());
  const Policy policy = safe_policy(true);
  const auto take = [&](std::vector<DigestId>& pending, PushAge& to) {
    std::erase_if(pending, [&](DigestId id) { return std::exchange(seen[row(id)], 1) != 0; });
    while (!pending.empty()) {
      const DigestId id = pending.back();
      pending.pop_back();
      if (survey.graph.is_counted(id)) {
        ++to.blobs;
        to.bytes += survey.graph.bytes(id);
      }
      each_step(survey.graph, id, policy, [&](DigestId next) {
        if (std::exchange(seen[row(next)], 1) == 0) pending.push_back(next);
      });
    }
  };
  take(roots[kUnknown], ages.unknown);
  for (std::size_t i = 0; i < kAges; ++i) take(roots[i], ages.rows[i]);
  return ages;
}

}  // namespace regsweep::analyzer
