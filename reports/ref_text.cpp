#include "reports/ref_text.h"

#include <fmt/format.h>

#include "reports/humanize.h"
#include "reports/table.h"

namespace regsweep::reports {
namespace {

using analyzer::RefKind;
using analyzer::RefOutcome;
using analyzer::ResolvedRef;

std::string repository_name(const analyzer::Survey& survey, const analyzer::Ref& ref) {
  return printable(survey.repositories[ref.repository].name);
}

std::string list_tags(const analyzer::Survey& survey, const analyzer::Ref& ref,
                      const std::string& place) {
  return "regsweep tags " + place + ' ' + shell_word(survey.repositories[ref.repository].name);
}

/// Ends a sentence: what the user may have meant, else how to list what is there.
std::string did_you_mean(const ResolvedRef& resolved, const std::string& list) {
  std::string names;
  for (std::size_t i = 0; i < resolved.suggestions.size(); ++i) {
    const bool last = i + 1 == resolved.suggestions.size();
    names += (i == 0 ? "" : last ? " or " : ", ") + printable(resolved.suggestions[i]);
  }
  return names.empty() ? "; list all: " + list : "; did you mean " + names + "? All: " + list;
}

void write_candidates(const ResolvedRef& resolved, std::ostream& out) {
  Table table({Align::kLeft, Align::kLeft, Align::kLeft});
  for (const analyzer::RefCandidate& candidate : resolved.candidates) {
    table.row({candidate.digest,
               !candidate.present      ? "not there"
               : candidate.is_manifest ? std::string(manifest_type_name(candidate.type))
                                       : "blob",
               candidate.owner.empty() ? "in no repository" : printable(candidate.owner)});
  }
  table.print(out, 2);
  const std::uint64_t more = resolved.candidate_count - resolved.candidates.size();
  if (more != 0) out << fmt::format("  … and {} more\n", grouped(more));
}

}  // namespace

std::string ref_name(const analyzer::Survey& survey, const analyzer::Ref& ref) {
  std::string digest;
  if (ref.kind == RefKind::kDigest || ref.kind == RefKind::kRevision) {
    digest = survey.graph.digests[ref.digest].text();
  }
  if (ref.kind == RefKind::kDigest) return digest;
  const analyzer::Repository& repository = survey.repositories[ref.repository];
  const std::string name = printable(repository.name);
  if (ref.kind == RefKind::kTag) return name + ':' + printable(repository.tags[ref.tag].name);
  return ref.kind == RefKind::kRevision ? name + '@' + digest : name;
}

void write_ref_problem(const analyzer::Survey& survey, const std::string& text,
                       const ResolvedRef& resolved, const std::string& store, std::ostream& out) {
  const std::string wanted = printable(text);
  const std::string place = shell_word(store);
  const bool in_repository = resolved.ref.repository != analyzer::kNoRow;
  switch (resolved.outcome) {
    case RefOutcome::kResolved:
      return;
    case RefOutcome::kAmbiguous:
      out << fmt::format("regsweep: {} may be any of {} objects; give more digits:\n", wanted,
                         grouped(resolved.candidate_count));
      write_candidates(resolved, out);
      return;
    case RefOutcome::kNotARef:
      out << fmt::format(
          "regsweep: '{}' names no object; give a digest (sha256:… with at least {} digits, or {} "
          "digits alone), REPOSITORY:TAG, REPOSITORY@DIGEST or a REPOSITORY\n",
          wanted, analyzer::kFewestNamedDigits, analyzer::kFewestDigits);
      return;
    case RefOutcome::kUnknownRepository:
      out << fmt::format("regsweep: {} names nothing in the store: no repository of this name{}\n",
                         wanted, did_you_mean(resolved, "regsweep repos " + place));
      return;
    case RefOutcome::kUnknownTag:
      out << fmt::format("regsweep: {}: the repository {} has no such tag{}\n", wanted,
                         repository_name(survey, resolved.ref),
                         did_you_mean(resolved, list_tags(survey, resolved.ref, place)));
      return;
    case RefOutcome::kUnknownDigest:
      if (in_repository) {
        out << fmt::format(
            "regsweep: {}: the repository {} has no tag, revision or layer link to such a digest; "
            "list its tags: {}\n",
            wanted, repository_name(survey, resolved.ref), list_tags(survey, resolved.ref, place));
      } else {
        out << fmt::format(
            "regsweep: {}: no blob in the store has this digest, and no manifest or link names it; "
            "list what is there: regsweep tags {}\n",
            wanted, place);
      }
      return;
    case RefOutcome::kNotInRepository:
      const std::string digest = survey.graph.digests[resolved.ref.digest].text();
      out << fmt::format(
          "regsweep: {}: the repository {} has no tag, revision or layer link to it, but the store "
          "knows it: regsweep why {} {}\n",
          wanted, repository_name(survey, resolved.ref), place, digest);
      return;
  }
}

}  // namespace regsweep::reports
