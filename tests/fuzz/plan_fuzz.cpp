// Plan files. The input is JSON of a plan; its checksum is made to fit, since no mutation finds
// one, and the schema's name is put in where there is none. Checked:
// - the text as it is, and with bytes of another schema, is read or refused with a reason;
// - a text whose checksum does not fit is refused;
// - what is accepted is written and read back the same, field by field, and written again in the
//   same bytes;
// - the totals are the sums of the removals.
#include <sstream>

#include "reports/humanize.h"
#include "reports/json_values.h"
#include "reports/plan_report.h"
#include "storage/content_hash.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using analyzer::Plan;
using reports::Json;

std::string sha256_of(std::string_view text) {
  storage::ContentHash hash;
  hash.begin(storage::Algorithm::kSha256);
  hash.add(text);
  return hash.finish().hex();
}

std::string written(const Plan& plan) {
  std::ostringstream out;
  reports::write_plan_json(plan, out);
  return out.str();
}

bool same(const storage::Removal& a, const storage::Removal& b) {
  return a.removal_class == b.removal_class && a.path == b.path && a.identity == b.identity &&
         a.apparent_bytes == b.apparent_bytes && a.allocated_bytes == b.allocated_bytes &&
         a.reason == b.reason;
}

bool same(const storage::Addition& a, const storage::Addition& b) {
  return a.addition_class == b.addition_class && a.path == b.path && a.digest == b.digest &&
         a.source == b.source && a.reason == b.reason;
}

template <class T>
bool all_same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

bool same(const analyzer::Deletions& a, const analyzer::Deletions& b) {
  return a.tags == b.tags && a.revisions == b.revisions && a.repositories == b.repositories &&
         a.sweep == b.sweep && a.garbage_too == b.garbage_too;
}

bool same(const analyzer::RepairRules& a, const analyzer::RepairRules& b) {
  return a.drop_dangling == b.drop_dangling && a.lost_found == b.lost_found &&
         a.read_all == b.read_all && a.suspects == b.suspects && a.sources == b.sources;
}

template <class T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

void check_rules(const analyzer::PlanRules& a, const analyzer::PlanRules& b) {
  REGSWEEP_HOLDS(a.untagged == b.untagged && a.dead_links == b.dead_links, "");
  REGSWEEP_HOLDS(a.temporary == b.temporary && a.stale_tags == b.stale_tags && a.empty == b.empty,
                 "");
  REGSWEEP_HOLDS(a.uploads_age_seconds == b.uploads_age_seconds, "");
  REGSWEEP_HOLDS(a.min_age_seconds == b.min_age_seconds, "");
  REGSWEEP_HOLDS(a.enough_bytes == b.enough_bytes, "");
  REGSWEEP_HOLDS(a.ignore_damaged == b.ignore_damaged, "");
  REGSWEEP_HOLDS(a.pinned == b.pinned, "");
  REGSWEEP_HOLDS(same(a.deletions, b.deletions), "");
}

void check_same(const Plan& a, const Plan& b) {
  check_rules(a.rules, b.rules);
  REGSWEEP_HOLDS(a.root == b.root && a.v2 == b.v2 && a.config_path == b.config_path, shown(a.root));
  REGSWEEP_HOLDS(a.device == b.device && a.inode == b.inode, "");
  REGSWEEP_HOLDS(a.fingerprint == b.fingerprint, shown(a.fingerprint));
  // An offset may lead out of the years that have four digits; a written plan has none.
  const std::string created = reports::rfc3339(a.created_seconds);
  const bool has_year = !created.starts_with("0000-01-01") && !created.starts_with("9999-12-31");
  REGSWEEP_HOLDS(!has_year || a.created_seconds == b.created_seconds, created);
  REGSWEEP_HOLDS(all_same(a.removals, b.removals), "");
  REGSWEEP_HOLDS(all_same(a.additions, b.additions), "");
  REGSWEEP_HOLDS(same(a.repair, b.repair), "");
}

void check_totals(const Plan& plan) {
  analyzer::Bytes bytes;
  std::uint64_t objects = 0;
  for (const analyzer::PlanTotal& total : plan.totals) {
    bytes += total.bytes;
    objects += total.objects;
  }
  REGSWEEP_HOLDS(objects == plan.removals.size() && objects == plan.total.objects, "");
  REGSWEEP_HOLDS(bytes == plan.total.bytes, "");
}

/// The text of a plan with a checksum that fits; empty if it is no JSON object.
std::string sealed(std::string_view input) {
  Json json = Json::parse(input, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return {};
  if (!json.contains("schema")) json["schema"] = "regsweep.plan/1";
  json.erase("checksum");
  const std::string checksum = sha256_of(json.dump());
  json["checksum"] = checksum;
  return json.dump();
}

}  // namespace

REGSWEEP_FUZZER(plan) {
  const auto raw = reports::read_plan_json(std::string(input));
  REGSWEEP_HOLDS(raw || !raw.error().message.empty(), "no reason");
  std::string text = sealed(input);
  if (text.empty()) {
    REGSWEEP_HOLDS(!raw, "accepted without being an object");
    return;
  }
  const auto plan = reports::read_plan_json(text);
  REGSWEEP_HOLDS(plan || !plan.error().message.empty(), "no reason");
  REGSWEEP_HOLDS(plan || !raw, "the checksum fits no more");
  if (!plan) return;
  check_totals(*plan);
  const std::string once = written(*plan);
  const auto again = reports::read_plan_json(once);
  REGSWEEP_HOLDS(static_cast<bool>(again), again.error().message + '\n' + once);
  check_same(*plan, *again);
  REGSWEEP_HOLDS(written(*again) == once, once);
  text[text.rfind('"') - 1] ^= 1;  // the checksum's last digit
  REGSWEEP_HOLDS(!reports::read_plan_json(text), text);
}

}  // namespace regsweep::fuzz
