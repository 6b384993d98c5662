#include "analyzer/refusal.h"

#include <algorithm>

#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

using storage::EventKind;

/// Whether the user named what an event is about: its repository, or the digest of its blob.
bool is_ignored(const std::string& path, const std::vector<std::string>& ignored) {
  return std::any_of(ignored.begin(), ignored.end(), [&](const std::string& name) {
    const std::string repository = storage::layout::repository_directory(name);
    storage::Digest digest;
    return path == name || path == repository || path.starts_with(repository + '/') ||
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
      refusals.push_back(event.path + " could not be read: " + event.message);
    }
    if (may_hide_repositories(event)) {
      refusals.push_back(event.path +
                         " is a symbolic link: what a registry finds behind it is unknown" +
                         option(event.path));
    }
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
  const bool unread =
      std::any_of(survey.events.begin(), survey.events.end(),
                  [](const auto& event) { return event.kind == EventKind::kUnreadable; });
  if (!survey.complete && !survey.changed && !survey.interrupted && !unread) {
    refusals.push_back("whether some blobs are there could not be told");
  }
  return refusals;
}

}  // namespace regsweep::analyzer
