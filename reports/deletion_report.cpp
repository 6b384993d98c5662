#include "reports/deletion_report.h"

#include <fmt/format.h>

#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using analyzer::ChosenRef;
using analyzer::Ref;
using analyzer::RefKind;
using analyzer::Survey;
using analyzer::TagRef;

constexpr std::size_t kMost = 20;

std::string tag_name(const Survey& survey, const TagRef& at) {
  const analyzer::Repository& repository = survey.repositories[at.repository];
  return printable(repository.name + ':' + repository.tags[at.tag].name);
}

std::string digest_name(const Survey& survey, analyzer::DigestId id) {
  return survey.graph.digests[id].text();
}

/// "a, b … and 3 more (-v)".
template <class Rows, class Name>
std::string listed(const Rows& rows, const TextOptions& options, Name name) {
  std::string text;
  const std::size_t shown = options.verbose ? rows.size() : std::min(rows.size(), kMost);
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + name(rows[i]);
  if (shown < rows.size()) text += fmt::format(" … and {} more (-v)", grouped(rows.size() - shown));
  return text;
}

std::string title(const Survey& survey, const Ref& ref) {
  const analyzer::Repository& repository = survey.repositories[ref.repository];
  if (ref.kind == RefKind::kRepository) {
    return fmt::format("{}: the whole repository: {} tags, {} revisions",
                       printable(repository.name), grouped(repository.tags.size()),
                       grouped(repository.revisions.paths.size()));
  }
  if (ref.kind == RefKind::kRevision) {
    return printable(repository.name) + '@' + digest_name(survey, ref.digest);
  }
  const std::string name = tag_name(survey, {ref.repository, ref.tag});
  if (ref.digest == analyzer::kNoDigest) return name + ": it means no digest";
  return name + " → " + digest_name(survey, ref.digest);
}

void write_one(const Survey& survey, const ChosenRef& one, const TextOptions& options,
               std::ostream& out) {
  const auto tag = [&](const TagRef& at) { return tag_name(survey, at); };
  const auto digest = [&](analyzer::DigestId id) { return digest_name(survey, id); };
  const bool revision = one.ref.kind == RefKind::kRevision;
  out << title(survey, one.ref) << '\n';
  if (!one.siblings.empty()) {
    out << (revision ? "    goes with it: " : "    means the same digest and stays: ")
        << listed(one.siblings, options, tag) << '\n';
  }
  if (revision && !one.parents.empty()) {
    out << "    !!! an index lists it, and a pull of its platform will fail: "
        << listed(one.parents, options, digest) << '\n';
  }
  if (!one.referrers.empty()) {
    out << "    refers to it (signature, SBOM, attestation): "
        << listed(one.referrers, options, digest) << '\n';
  }
  if (!one.signatures.empty()) {
    out << "    is named after it and stays: " << listed(one.signatures, options, tag) << '\n';
  }
  if (!one.below.empty()) {
    out << "    lies below it and stays: "
        << listed(one.below, options, [](const std::string& name) { return printable(name); })
        << '\n';
  }
}

}  // namespace

void write_choice(const Survey& survey, const std::vector<ChosenRef>& chosen,
                  const TextOptions& options, std::ostream& out) {
  const std::size_t shown = options.verbose ? chosen.size() : std::min(chosen.size(), kMost);
  for (std::size_t i = 0; i < shown; ++i) write_one(survey, chosen[i], options, out);
  if (shown < chosen.size()) {
    out << fmt::format("… and {} more (-v)\n", grouped(chosen.size() - shown));
  }
  out << '\n';
}

void write_frees(const analyzer::Plan& plan, const analyzer::Plan& swept,
                 const TextOptions& options, std::ostream& out) {
  const auto of_blobs = [](const analyzer::Plan& of) {
    return of.totals[static_cast<std::size_t>(storage::RemovalClass::kBlob)].bytes;
  };
  if (!swept.refusals.empty()) {
    out << "what a collection would free then cannot be told: no blob may go as things are:\n    "
        << printable(swept.refusals.front()) << '\n';
    return;
  }
  const bool sweeps = plan.rules.deletions && plan.rules.deletions->sweep;
  if (sweeps) {
    out << "frees " << size_text(of_blobs(plan), options) << " of blobs\n";
  } else {
    out << "frees no blob by itself; with --sweep, or a collection of what is untagged afterwards: "
        << size_text(of_blobs(swept), options) << '\n';
  }
}

}  // namespace regsweep::reports
