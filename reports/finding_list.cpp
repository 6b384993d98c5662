#include "reports/finding_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/finding_text.h"
#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using analyzer::Concern;
using analyzer::Finding;

void write_subjects(const Finding& finding, const TextOptions& options, std::ostream& out) {
  if (finding.subjects.empty()) return;
  const std::size_t most = options.verbose ? finding.subjects.size() : 3;
  std::string list;
  for (std::size_t i = 0; i < std::min(most, finding.subjects.size()); ++i) {
    list += (i == 0 ? "" : ", ") + printable(finding.subjects[i]);
  }
  const std::uint64_t rest =
      finding.objects -
      std::min<std::uint64_t>(finding.objects, std::min(most, finding.subjects.size()));
  if (rest != 0) {
    list += fmt::format(" … and {} more{}", grouped(rest), options.verbose ? "" : " (-v)");
  }
  out << "      " << list << '\n';
}

}  // namespace

std::string painted(Concern concern, const std::string& text, const TextOptions& options) {
  if (!options.color || concern == Concern::kNote) return text;
  return (concern == Concern::kDanger ? "\x1b[31m" : "\x1b[33m") + text + "\x1b[0m";
}

std::string concern_sign(Concern concern, const TextOptions& options) {
  const std::string_view sign = concern == Concern::kDanger    ? "!!!"
                                : concern == Concern::kWarning ? "!! "
                                                               : "-  ";
  return painted(concern, std::string(sign), options);
}

void write_findings(const std::vector<Finding>& findings, const std::string& store,
                    const TextOptions& options, std::ostream& out) {
  for (const Finding& finding : findings) {
    const FindingText text = finding_text(finding, store, options);
    out << concern_sign(finding.concern, options) << ' ' << text.message << '\n';
    write_subjects(finding, options, out);
    out << "      " << text.meaning << '\n';
    if (!text.next.empty()) out << "      → " << text.next << '\n';
  }
}

Json findings_json(const std::vector<Finding>& findings, const std::string& store) {
  Json rows = Json::array();
  for (const Finding& finding : findings) {
    const FindingText text = finding_text(finding, store);
    Json subjects = Json::array();
    for (const std::string& subject : finding.subjects) subjects.push_back(printable(subject));
    rows.push_back({{"code", finding_code(finding.code)},
                    {"concern", concern_name(finding.concern)},
                    {"objects", finding.objects},
                    {"message", text.message},
                    {"meaning", text.meaning},
                    {"next", text.next},
                    {"subjects", std::move(subjects)}});
  }
  return rows;
}

}  // namespace regsweep::reports
