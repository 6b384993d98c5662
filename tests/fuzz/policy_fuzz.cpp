// Retention policies in YAML. Checked:
// - a file is read, or refused with a reason that begins with the file's name and code kUsage;
// - each policy that is read has a name, tells tags apart, has ages of at least 0, and its patterns
//   are read again as they are;
// - the same file gives the same policies.
#include "cli/policy_file.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using analyzer::NamePattern;
using analyzer::RetentionPolicy;

/// A pattern that is this long at most is compiled twice: regular expressions may be dear.
constexpr std::size_t kShortPattern = 100;

void check_patterns(const std::vector<NamePattern>& patterns) {
  for (const NamePattern& pattern : patterns) {
    REGSWEEP_HOLDS(!pattern.text().empty(), "empty");
    if (pattern.text().size() > kShortPattern) continue;
    std::string why;
    REGSWEEP_HOLDS(NamePattern::parse(pattern.text(), why).has_value(), shown(pattern.text()));
  }
}

void check_policy(const RetentionPolicy& policy) {
  REGSWEEP_HOLDS(policy.tells_apart(), shown(policy.name));
  REGSWEEP_HOLDS(policy.keep_newer_seconds.value_or(0) >= 0, shown(policy.name));
  check_patterns(policy.repositories);
  check_patterns(policy.drop);
  check_patterns(policy.keep);
}

bool same(const std::vector<NamePattern>& a, const std::vector<NamePattern>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].text() != b[i].text()) return false;
  }
  return true;
}

bool same(const RetentionPolicy& a, const RetentionPolicy& b) {
  return a.name == b.name && same(a.repositories, b.repositories) && same(a.drop, b.drop) &&
         same(a.keep, b.keep) && a.keep_last == b.keep_last &&
         a.keep_newer_seconds == b.keep_newer_seconds && a.newest_by == b.newest_by &&
         a.may_empty == b.may_empty;
}

}  // namespace

REGSWEEP_FUZZER(policy) {
  const std::string path = put("policy.yml", input);
  const auto policies = cli::read_policy_file(path);
  if (!policies) {
    REGSWEEP_HOLDS(policies.error().code == storage::Errc::kUsage, shown(input));
    REGSWEEP_HOLDS(policies.error().message.starts_with(path + ": "), policies.error().message);
    return;
  }
  REGSWEEP_HOLDS(!policies->empty(), shown(input));
  for (const RetentionPolicy& policy : *policies) check_policy(policy);
  const auto again = cli::read_policy_file(path);
  REGSWEEP_HOLDS(again && again->size() == policies->size(), shown(input));
  for (std::size_t i = 0; i < policies->size(); ++i) {
    REGSWEEP_HOLDS(same((*policies)[i], (*again)[i]), shown(input));
  }
}

}  // namespace regsweep::fuzz
