#include "analyzer/refusal.h"

#include <algorithm>

#include "analyzer/unread_repositories.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

using storage::EventKind;

/// Whether the user named what stands at a path: by a path, its own or one above it, by the
/// repository whose it is, or by the digest of a blob.
bool is_ignored(const std::string& path, const std::vector<std::string>& ignored) {
  return std::any_of(ignored.begin(), ignored.end(), [&](const std::string& name) {
    storage::Digest digest;
    return storage::is_below(path, name) || is_of_repository(path, name) ||
           (parse_digest(name, digest) == storage::DigestError::kNone &&
            path == storage::layout::blob_path(digest));
  });
}

std::string option(const std::string& name) {
  return " (--ignore-damaged " + name + " goes on without it)";
}

void refuse_by_events(const Survey& survey, const std::vector<std::string>& ignored,
                      std::vector<std::string>& refusals) {
  for (const storage::Event& event : survey.events) {
    if (is_ignored(event.path, ignored)) continue;
    if (event.kind == EventKind::kUnreadable) {
      refusals.push_back(event.path + " could not be read: " + event.message + option(event.path));
    }
    if (may_hide_repositories(event)) {
      refusals.push_back(event.path +
                         " is a symbolic link: what a registry finds behind it is unknown" +
                         option(event.path));
    }
  }
}

/// Blobs of which the system would not say whether they are there. What one of them names is not
/// known, whatever else could be read.
void refuse_by_unknown_blobs(const Graph& graph, const std::vector<std::string>& ignored,
                             std::vector<std::string>& refusals) {
  std::string first;
  std::uint64_t others = 0;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const DigestId id = digest_id(i);
    if (!graph.has(id, kUnread) || graph.has(id, kPresent)) continue;
    const storage::Digest digest = graph.digests[id];
    if (is_ignored(storage::layout::blob_path(digest), ignored)) continue;
    if (first.empty()) {
      first = digest.text();
    } else {
      ++others;
    }
  }
  if (first.empty()) return;
  std::string refusal = "whether blob " + first + " is there could not be told";
  if (others != 0) refusal += ", nor of " + std::to_string(others) + " more";
  refusals.push_back(refusal + option(first));
}

/// A name by another algorithm than sha256 may stand for any blob: its link would say for which.
void refuse_by_aliases(const Graph& graph, const Repository& repository, bool revisions,
                       const std::vector<std::string>& ignored,
                       std::vector<std::string>& refusals) {
  for (const OddLink& odd : (revisions ? repository.revisions : repository.layers).odd) {
    const storage::Digest digest = graph.digests[odd.path];
    const bool holds_no_digest =
        odd.state == storage::LinkState::kMalformed || odd.state == storage::LinkState::kNotAFile;
    if (!holds_no_digest || digest.algorithm == storage::Algorithm::kSha256 ||
        graph.has(odd.path, kPresent)) {
      continue;
    }
    const std::string path = revisions
                                 ? storage::layout::revision_directory(repository.name, digest)
                                 : storage::layout::layer_directory(repository.name, digest);
    if (is_ignored(path, ignored) || is_ignored(storage::layout::blob_path(digest), ignored)) {
      continue;
    }
    refusals.push_back(path + " may be another name of any blob: its link holds no digest" +
                       option(digest.text()));
  }
}

/// A registry takes any file `link` among the revisions for one; this one may have named anything.
void refuse_by_stray_links(const Survey& survey, const std::vector<std::string>& ignored,
                           std::vector<std::string>& refusals) {
  for (const StrayLink& link : survey.stray_links) {
    if (!link.in_revisions || link.content != kNoDigest) continue;
    const std::string path = storage::layout::repository_directory(link.repository) + '/' +
                             storage::layout::kRevisions + '/' + link.path;
    if (is_ignored(path, ignored)) continue;
    refusals.push_back(path + " may have named any manifest: it holds no digest" + option(path));
  }
}

}  // namespace

bool may_hide_repositories(const storage::Event& event) {
  return event.kind == EventKind::kSymlink &&
         storage::is_below(event.path, storage::layout::kRepositories);
}

std::vector<std::string> find_refusals(const Survey& survey, bool database_lock,
                                       const std::vector<std::string>& ignored) {
  std::vector<std::string> refusals;
  if (database_lock) {
    refusals.push_back("a database owns this store: storage alone cannot tell what is alive");
  }
  if (survey.interrupted) refusals.push_back("the reading was interrupted");
  if (survey.changed) refusals.push_back("the store was written to while it was read");
  if (!survey.has_repositories) {
    refusals.push_back("there is no repositories directory: every blob would be garbage");
  }
  refuse_by_events(survey, ignored, refusals);
  const Graph& graph = survey.graph;
  for (std::size_t i = 0; i < graph.node_count(); ++i) {
    const DigestId id = digest_id(i);
    if (!graph.has(id, kNotUnderstood)) continue;
    const std::string digest = graph.digests[id].text();
    if (std::find(ignored.begin(), ignored.end(), digest) != ignored.end()) continue;
    const ManifestOddity* oddity = graph.oddity(id);
    refusals.push_back("manifest " + digest + " cannot be understood" +
                       (oddity == nullptr ? "" : ": " + oddity->problem) + option(digest));
  }
  refuse_by_unknown_blobs(graph, ignored, refusals);
  refuse_by_stray_links(survey, ignored, refusals);
  for (const Repository& repository : survey.repositories) {
    refuse_by_aliases(graph, repository, true, ignored, refusals);
    refuse_by_aliases(graph, repository, false, ignored, refusals);
  }
  return refusals;
}

}  // namespace regsweep::analyzer
