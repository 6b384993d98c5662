#include "reports/prune_report.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <tuple>

#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::JudgedTag;
using analyzer::RetentionPolicy;
using analyzer::TagRef;
using analyzer::Verdict;

/// Stable names, by Verdict.
constexpr std::array<std::string_view, analyzer::kVerdicts> kNames = {
    "no-policy",    "no-candidate",    "in-use",
    "unclear",      "kept-by-pattern", "time-unknown",
    "kept-as-last", "kept-as-newer",   "kept-so-that-one-stays",
    "dropped"};

std::string_view name_of(Verdict verdict) { return kNames[static_cast<std::size_t>(verdict)]; }

/// "5", "30d" as a user would give it: whole days, else hours, else seconds.
std::string age_option(std::int64_t seconds) {
  if (seconds % 86400 == 0) return fmt::format("{}d", seconds / 86400);
  if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}s", seconds);
}

/// The rule that a verdict comes from, in words.
std::string rule_text(const RetentionPolicy& policy, Verdict verdict, std::uint32_t pattern) {
  switch (verdict) {
    case Verdict::kNoPolicy:
      return "stays: no policy is about its repository";
    case Verdict::kNoCandidate:
      return "stays: no drop pattern fits it";
    case Verdict::kInUse:
      return "stays: in use, as --roots says";
    case Verdict::kUnclear:
      return "stays: its link means no digest";
    case Verdict::kKeptByPattern:
      return "stays: keep " + printable(policy.keep[pattern].text());
    case Verdict::kTimeUnknown:
      return "stays: its time is not known";
    case Verdict::kKeptAsLast:
      return fmt::format("stays: among the last {}", *policy.keep_last);
    case Verdict::kKeptAsNewer:
      return "stays: newer than " + age_option(*policy.keep_newer_seconds);
    case Verdict::kLastOfRepository:
      return "stays: its repository would be left empty";
    case Verdict::kDropped:
      return policy.drop.empty() ? "goes: no rule keeps it"
                                 : "goes: drop " + printable(policy.drop[pattern].text());
  }
  return {};
}

std::string rule_text(const Retention& retention, const RuleOutcome& rule) {
  static const RetentionPolicy none;
  const bool has_policy = rule.verdict != Verdict::kNoPolicy;
  return rule_text(has_policy ? retention.policies[rule.policy] : none, rule.verdict, rule.pattern);
}

Json freed_json(const analyzer::Freed& freed) {
  Json json = {{"blobs", freed.blobs}};
  json.update(bytes_pair(freed.bytes));
  return json;
}

}  // namespace

Retention make_retention(analyzer::Survey& survey, const std::vector<RetentionPolicy>& policies,
                         std::vector<std::vector<JudgedTag>> judged) {
  Retention retention{survey, policies, std::move(judged), {}, {}, 0};
  using Key = std::tuple<std::uint32_t, Verdict, std::uint32_t>;
  std::map<Key, std::vector<TagRef>> tags;
  std::vector<TagRef> dropped;
  for (std::uint32_t r = 0; r < retention.judged.size(); ++r) {
    for (std::uint32_t t = 0; t < retention.judged[r].size(); ++t) {
      const JudgedTag& tag = retention.judged[r][t];
      tags[{tag.policy, tag.verdict, tag.pattern}].push_back({r, t});
      if (tag.verdict == Verdict::kDropped) dropped.push_back({r, t});
    }
  }
  const analyzer::AliveBefore before = analyzer::alive_before(survey);
  for (const auto& [key, hit] : tags) {
    const auto& [policy, verdict, pattern] = key;
    RuleOutcome rule{policy, verdict, pattern, hit.size(), {}};
    if (verdict == Verdict::kDropped) rule.frees = analyzer::freed_without(survey, before, hit);
    retention.rules.push_back(rule);
  }
  retention.dropped = dropped.size();
  if (!dropped.empty()) retention.frees = analyzer::freed_without(survey, before, dropped);
  return retention;
}

analyzer::Deletions deletions_of(const Retention& retention) {
  analyzer::Deletions deletions;
  for (std::size_t r = 0; r < retention.judged.size(); ++r) {
    const analyzer::Repository& repository = retention.survey.repositories[r];
    for (std::size_t t = 0; t < retention.judged[r].size(); ++t) {
      if (retention.judged[r][t].verdict != Verdict::kDropped) continue;
      const analyzer::Tag& tag = repository.tags[t];
      deletions.tags.push_back(
          {repository.name, tag.name, retention.survey.graph.digests[tag.digest].text()});
    }
  }
  return deletions;
}

void write_prune_text(const Retention& retention, const TextOptions& options, std::ostream& out) {
  Table table({Align::kLeft, Align::kLeft, Align::kRight, Align::kRight});
  table.row({"POLICY", "RULE", "TAGS", "FREES ALONE"}, Weight::kBold);
  for (const RuleOutcome& rule : retention.rules) {
    const bool has_policy = rule.verdict != Verdict::kNoPolicy;
    table.row({has_policy ? printable(retention.policies[rule.policy].name) : "–",
               rule_text(retention, rule), grouped(rule.tags),
               rule.verdict == Verdict::kDropped ? size_text(rule.frees.bytes, options) : ""});
  }
  table.row(
      {"all that go", "", grouped(retention.dropped), size_text(retention.frees.bytes, options)},
      Weight::kBold);
  table.print(out, 0, {options.width, options.color});
  out << "FREES: exact, with a sweep of what only these need; rules that share content free more "
         "together\n\n";
  if (!options.verbose) return;
  Table tags({Align::kLeft, Align::kLeft});
  for (std::size_t r = 0; r < retention.judged.size(); ++r) {
    const analyzer::Repository& repository = retention.survey.repositories[r];
    for (std::size_t t = 0; t < retention.judged[r].size(); ++t) {
      const JudgedTag& tag = retention.judged[r][t];
      tags.row({printable(repository.name + ':' + repository.tags[t].name),
                rule_text(retention, {tag.policy, tag.verdict, tag.pattern, 1, {}})});
    }
  }
  tags.print(out);
  out << '\n';
}

void write_prune_json(const Retention& retention, std::ostream& out) {
  Json rules = Json::array();
  for (const RuleOutcome& rule : retention.rules) {
    const bool has_policy = rule.verdict != Verdict::kNoPolicy;
    rules.push_back({{"policy", has_policy ? Json(printable(retention.policies[rule.policy].name))
                                           : Json(nullptr)},
                     {"verdict", name_of(rule.verdict)},
                     {"rule", rule_text(retention, rule)},
                     {"tags", rule.tags},
                     {"frees_alone",
                      rule.verdict == Verdict::kDropped ? freed_json(rule.frees) : Json(nullptr)}});
  }
  Json tags = Json::array();
  for (std::size_t r = 0; r < retention.judged.size(); ++r) {
    const analyzer::Repository& repository = retention.survey.repositories[r];
    for (std::size_t t = 0; t < retention.judged[r].size(); ++t) {
      const analyzer::Tag& tag = repository.tags[t];
      const bool means = tag.digest != analyzer::kNoDigest;
      const JudgedTag& judged = retention.judged[r][t];
      tags.push_back(
          {{"repository", printable(repository.name)},
           {"tag", printable(tag.name)},
           {"digest",
            means ? Json(retention.survey.graph.digests[tag.digest].text()) : Json(nullptr)},
           {"goes", judged.verdict == Verdict::kDropped},
           {"verdict", name_of(judged.verdict)},
           {"rule", rule_text(retention, {judged.policy, judged.verdict, judged.pattern, 1, {}})}});
    }
  }
  const Json json = {{"schema", "regsweep.prune/1"},      {"complete", retention.survey.complete},
                     {"dropped_tags", retention.dropped}, {"frees", freed_json(retention.frees)},
                     {"rules", std::move(rules)},         {"tags", std::move(tags)}};
  out << json.dump(1) << '\n';
}

}  // namespace regsweep::reports
