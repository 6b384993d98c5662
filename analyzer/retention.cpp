#include "analyzer/retention.h"

#include <algorithm>

#include "analyzer/without.h"

namespace regsweep::analyzer {
namespace {

/// The first pattern that fits, or nothing.
std::optional<std::uint32_t> first_match(const std::vector<NamePattern>& patterns,
                                         const std::string& name) {
  for (std::uint32_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].matches(name)) return i;
  }
  return std::nullopt;
}

/// Judges the tags of one repository by one policy.
class Judge {
 public:
  Judge(const Repository& repository, const RetentionPolicy& policy, std::uint32_t policy_row,
        const std::vector<std::int64_t>& times, const std::vector<DigestId>& in_use,
        std::int64_t now)
      : repository_(repository), policy_(policy), times_(times), in_use_(in_use), now_(now) {
    judged_.resize(repository.tags.size());
    for (JudgedTag& tag : judged_) tag.policy = policy_row;
  }

  std::vector<JudgedTag> run() {
    for (std::uint32_t t = 0; t < judged_.size(); ++t) judge_by_name(t);
    keep_the_newest();
    if (!policy_.may_empty) keep_one();
    return std::move(judged_);
  }

 private:
  /// All that needs no other tag. What is left is dropped for now.
  void judge_by_name(std::uint32_t t) {
    const Tag& tag = repository_.tags[t];
    JudgedTag& judged = judged_[t];
    const auto drop = first_match(policy_.drop, tag.name);
    if (!policy_.drop.empty() && !drop) {
      judged.verdict = Verdict::kNoCandidate;
      return;
    }
    candidates_.push_back(t);
    if (tag.digest != kNoDigest && std::ranges::binary_search(in_use_, tag.digest)) {
      judged.verdict = Verdict::kInUse;
    } else if (tag.state != storage::LinkState::kRead || !tag.is_directory) {
      judged.verdict = Verdict::kUnclear;
    } else if (const auto keep = first_match(policy_.keep, tag.name)) {
      judged.verdict = Verdict::kKeptByPattern;
      judged.pattern = *keep;
    } else if ((policy_.keep_last || policy_.keep_newer_seconds) && times_[t] == 0) {
      judged.verdict = Verdict::kTimeUnknown;
    } else {
      judged.verdict = Verdict::kDropped;
      judged.pattern = drop.value_or(0);
    }
  }

  /// Newest first; of the same time, by name.
  void sort_by_time(std::vector<std::uint32_t>& tags) const {
    std::stable_sort(tags.begin(), tags.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return times_[a] > times_[b]; });
  }

  void keep_the_newest() {
    std::erase_if(candidates_, [&](std::uint32_t t) {
      return judged_[t].verdict == Verdict::kUnclear || times_[t] == 0;
    });
    sort_by_time(candidates_);
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      JudgedTag& judged = judged_[candidates_[i]];
      if (judged.verdict != Verdict::kDropped) continue;
      if (policy_.keep_last && i < *policy_.keep_last) {
        judged.verdict = Verdict::kKeptAsLast;
      } else if (policy_.keep_newer_seconds &&
                 times_[candidates_[i]] > now_ - *policy_.keep_newer_seconds) {
        judged.verdict = Verdict::kKeptAsNewer;
      }
    }
  }

  /// Spares the newest if otherwise none would stay.
  void keep_one() {
    std::vector<std::uint32_t> dropped;
    for (std::uint32_t t = 0; t < judged_.size(); ++t) {
      const Tag& tag = repository_.tags[t];
      if (judged_[t].verdict == Verdict::kDropped) {
        dropped.push_back(t);
      } else if (tag.is_directory && tag.state == storage::LinkState::kRead) {
        return;  // it stays; nothing can be pulled by what else is there
      }
    }
    if (dropped.empty()) return;
    sort_by_time(dropped);
    judged_[dropped.front()].verdict = Verdict::kLastOfRepository;
  }

  const Repository& repository_;
  const RetentionPolicy& policy_;
  const std::vector<std::int64_t>& times_;
  const std::vector<DigestId>& in_use_;
  const std::int64_t now_;
  std::vector<JudgedTag> judged_;
  std::vector<std::uint32_t> candidates_;
};

}  // namespace

TagTimes push_times(const Survey& survey) {
  TagTimes times(survey.repositories.size());
  for (std::size_t r = 0; r < times.size(); ++r) {
    for (const Tag& tag : survey.repositories[r].tags) times[r].push_back(tag.pushed_seconds);
  }
  return times;
}

std::vector<std::vector<JudgedTag>> judge_tags(const Survey& survey,
                                               const std::vector<RetentionPolicy>& policies,
                                               const TagTimes& created, std::int64_t now_seconds) {
  const TagTimes pushed = push_times(survey);
  const std::vector<DigestId> in_use = manifests_in_use(survey);
  std::vector<std::vector<JudgedTag>> judged(survey.repositories.size());
  for (std::size_t r = 0; r < judged.size(); ++r) {
    const Repository& repository = survey.repositories[r];
    judged[r].resize(repository.tags.size());
    const auto about_it = [&](const RetentionPolicy& policy) {
      return policy.repositories.empty() ||
             first_match(policy.repositories, repository.name).has_value();
    };
    const auto policy = std::find_if(policies.begin(), policies.end(), about_it);
    if (policy == policies.end()) continue;
    const TagTimes& times = policy->newest_by == NewestBy::kCreated ? created : pushed;
    judged[r] = Judge(repository, *policy, static_cast<std::uint32_t>(policy - policies.begin()),
                      times[r], in_use, now_seconds)
                    .run();
  }
  return judged;
}

}  // namespace regsweep::analyzer
