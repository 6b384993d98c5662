#include "analyzer/recovery_target.h"

#include <algorithm>
#include <optional>

#include "analyzer/closure.h"
#include "analyzer/recoverable.h"
#include "analyzer/ref.h"
#include "analyzer/sort_unique.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

using storage::Digest;

/// More short digests than this are not read to see which of them are manifests.
constexpr std::size_t kMostRead = 64;

/// Those that the tag meant or that are revisions of the repository.
std::vector<Digest> near(const storage::Store& store, const Survey& survey,
                         const RecoveryTarget& target, const DigestText& beginning) {
  const Repository& repository = survey.repositories[target.repository];
  std::vector<Digest> found;
  for (const TagIndexEntry& entry : tag_entries(store, repository.name, target.tag, nullptr)) {
    if (beginning.fits(entry.digest)) found.push_back(entry.digest);
  }
  for (const DigestId path : repository.revisions.paths) {
    const Digest digest = survey.graph.digests[path];
    if (beginning.fits(digest)) found.push_back(digest);
  }
  sort_unique(found);
  return found;
}

/// The manifests among all blobs; all that begin so, if they are too many to be read.
std::vector<Digest> anywhere(const storage::Store& store, const Survey& survey,
                             const DigestText& beginning) {
  const Graph& graph = survey.graph;
  std::vector<Digest> found;
  for (const DigestId id : beginning_with(graph.digests, beginning)) {
    if (graph.has(id, kPresent)) found.push_back(graph.digests[id]);
  }
  if (found.size() > 1 && found.size() <= kMostRead) {
    Closures closures(store, survey);
    std::vector<Digest> manifests;
    for (const Digest& digest : found) {
      if (!closures.of(digest).manifests.empty()) manifests.push_back(digest);
    }
    if (!manifests.empty()) return manifests;
  }
  return found;
}

/// Whether something in the store has or names a full digest.
bool is_known(const storage::Store& store, const Survey& survey, const RecoveryTarget& target) {
  if (survey.graph.digests.find(target.digest)) return true;
  const auto entries =
      tag_entries(store, survey.repositories[target.repository].name, target.tag, nullptr);
  return std::ranges::find(entries, target.digest, &TagIndexEntry::digest) != entries.end();
}

void find_digest(const storage::Store& store, const Survey& survey, const DigestText& beginning,
                 ResolvedTarget& result) {
  if (const auto full = beginning.algorithm ? full_digest(beginning) : std::nullopt) {
    result.target.digest = *full;
    result.outcome = is_known(store, survey, result.target) ? TargetOutcome::kFound
                                                            : TargetOutcome::kUnknownDigest;
    return;
  }
  std::vector<Digest> found = near(store, survey, result.target, beginning);
  if (found.empty()) found = anywhere(store, survey, beginning);
  if (found.empty()) {
    result.outcome = TargetOutcome::kUnknownDigest;
  } else if (found.size() == 1) {
    result.outcome = TargetOutcome::kFound;
    result.target.digest = found.front();
  } else {
    result.outcome = TargetOutcome::kAmbiguous;
    result.candidate_count = found.size();
    found.resize(std::min(found.size(), kMostCandidates));
    result.candidates = std::move(found);
  }
}

}  // namespace

ResolvedTarget resolve_target(const storage::Store& store, const Survey& survey,
                              std::string_view text) {
  ResolvedTarget result;
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return result;
  const std::string_view name = text.substr(0, at);
  const std::size_t colon = name.rfind(':');
  const std::size_t slash = name.rfind('/');
  const bool has_tag = colon != std::string_view::npos && colon != 0 &&
                       (slash == std::string_view::npos || colon > slash);
  bool too_short = false;
  const auto beginning = read_digest_text(text.substr(at + 1), too_short);
  if (!has_tag || !beginning) return result;
  result.target.tag = name.substr(colon + 1);
  if (!storage::is_tag_name(result.target.tag)) {
    result.outcome = TargetOutcome::kBadTag;
    return result;
  }
  const ResolvedRef repository = resolve_ref(survey, name.substr(0, colon));
  if (repository.outcome != RefOutcome::kResolved || repository.ref.kind != RefKind::kRepository) {
    result.outcome = TargetOutcome::kUnknownRepository;
    result.suggestions = repository.suggestions;
    return result;
  }
  result.target.repository = repository.ref.repository;
  find_digest(store, survey, *beginning, result);
  return result;
}

}  // namespace regsweep::analyzer
