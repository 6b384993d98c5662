#pragma once

#include <ostream>
#include <vector>

#include "analyzer/deletion.h"
#include "analyzer/plan.h"
#include "analyzer/retention.h"
#include "reports/text_style.h"

namespace regsweep::reports {

/// What a rule did.
struct RuleOutcome {
  std::uint32_t policy = 0;
  analyzer::Verdict verdict = analyzer::Verdict::kNoPolicy;
  std::uint32_t pattern = 0;  ///< of those verdicts that have one
  std::uint64_t tags = 0;
  analyzer::Freed frees;  ///< of kDropped: if just these tags went
};

/// What retention decided.
struct Retention {
  const analyzer::Survey& survey;
  const std::vector<analyzer::RetentionPolicy>& policies;
  std::vector<std::vector<analyzer::JudgedTag>> judged;  ///< by repository and tag
  std::vector<RuleOutcome> rules;                        ///< those that some tag fell under
  analyzer::Freed frees;                                 ///< all together, exact under sharing
  std::uint64_t dropped = 0;                             ///< tags
};

/// Counts tags by rule, and works out what each rule frees by itself and all free together.
/// `survey` is as before when it returns. Runs in the caller's TBB arena.
Retention make_retention(analyzer::Survey& survey,
                         const std::vector<analyzer::RetentionPolicy>& policies,
                         std::vector<std::vector<analyzer::JudgedTag>> judged);

/// The tags that go.
analyzer::Deletions deletions_of(const Retention& retention);

/// Prints each rule with its tags and bytes; with -v each tag with the rule that decides on it.
void write_prune_text(const Retention& retention, const TextOptions& options, std::ostream& out);

/// Prints the same as one JSON object, schema regsweep.prune/1 (docs/schemas/prune.json).
void write_prune_json(const Retention& retention, std::ostream& out);

}  // namespace regsweep::reports
