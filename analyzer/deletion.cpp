#include "analyzer/deletion.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "analyzer/has_path.h"
#include "analyzer/sort_unique.h"
#include "analyzer/unread_repositories.h"

namespace regsweep::analyzer {
namespace {

std::string meaning(const Survey& survey, const Tag& tag) {
  return tag.digest == kNoDigest ? "" : survey.graph.digests[tag.digest].text();
}

void take_tags(const Survey& survey, DeletionScope& scope) {
  for (const DoomedTag& doomed : scope.deletions.tags) {
    const auto r = find_repository(survey, doomed.repository);
    if (!r) continue;
    const Repository& repository = survey.repositories[*r];
    const auto t = find_tag(repository, doomed.tag);
    if (!t) continue;
    const std::string name = doomed.repository + ':' + doomed.tag;
    if (!repository.tags[*t].is_directory) {
      scope.problems.push_back(name + ": a file stands where tags are, which is no tag; it stays");
    } else if (const std::string now = meaning(survey, repository.tags[*t]); now != doomed.digest) {
      scope.problems.push_back(name + " means " + (now.empty() ? "no digest" : now) +
                               " by now, another than when it was chosen; it stays");
    } else {
      scope.removal.tags.push_back({*r, *t});
    }
  }
}

void take_revisions(const Survey& survey, DeletionScope& scope) {
  for (const DoomedRevision& doomed : scope.deletions.revisions) {
    const auto r = find_repository(survey, doomed.repository);
    storage::Digest digest;
    if (!r || parse_digest(doomed.digest, digest) != storage::DigestError::kNone) continue;
    const auto id = survey.graph.digests.find(digest);
    if (!id || !has_path(survey.graph, survey.repositories[*r].revisions, *id)) continue;
    scope.removal.revisions.push_back({*r, *id});
  }
}

/// What the tags of one repository that stay mean, and a tag of each digest.
class TagsThatStay {
 public:
  TagsThatStay(const Survey& survey, const DeletionScope& scope, std::uint32_t r)
      : repository_(survey.repositories[r]) {
    for (std::uint32_t t = 0; t < repository_.tags.size(); ++t) {
      const auto& going = scope.removal.tags;
      if (std::binary_search(going.begin(), going.end(), TagRef{r, t})) continue;
      const Tag& tag = repository_.tags[t];
      if (tag.digest != kNoDigest) means_.emplace(tag.digest, &tag.name);
      if (tag.state == storage::LinkState::kUnreadable) unreadable_ = &tag.name;
    }
  }

  /// Why a revision must stay; empty if it need not. What could not be read may mean it.
  std::string why_needed(DigestId path) const {
    if (const auto at = means_.find(path); at != means_.end()) {
      return repository_.name + ':' + *at->second + " means it by now";
    }
    if (unreadable_ != nullptr) {
      return repository_.name + ':' + *unreadable_ + " cannot be read and may mean it";
    }
    return repository_.tags_unread ? "a tag that could not be read may mean it" : "";
  }

 private:
  const Repository& repository_;
  std::map<DigestId, const std::string*> means_;
  const std::string* unreadable_ = nullptr;
};

/// Lets a revision stay that another tag means than those which go: it may have come since the
/// choice. A repository that goes whole keeps nothing.
void spare_tagged_revisions(const Survey& survey, DeletionScope& scope) {
  std::vector<RevisionRef> going;
  std::optional<TagsThatStay> tags;
  std::uint32_t tags_of = 0;
  for (const RevisionRef& at : scope.removal.revisions) {  // by repository
    if (std::exchange(tags_of, at.repository) != at.repository || !tags) {
      tags.emplace(survey, scope, at.repository);
    }
    const bool whole =
        std::binary_search(scope.repositories.begin(), scope.repositories.end(), at.repository);
    const std::string why = whole ? "" : tags->why_needed(at.path);
    if (why.empty()) {
      going.push_back(at);
    } else {
      scope.problems.push_back(survey.repositories[at.repository].name + '@' +
                               survey.graph.digests[at.path].text() + ": " + why + "; it stays");
    }
  }
  scope.removal.revisions = std::move(going);
}

/// What goes of a repository goes in an order in which no tag outlives what it needs: for that, all
/// of it must be known.
void take_repositories(const Survey& survey, DeletionScope& scope) {
  if (scope.deletions.repositories.empty()) return;
  const std::vector<std::uint8_t> unread = unread_repositories(survey);
  for (const std::string& name : scope.deletions.repositories) {
    const auto r = find_repository(survey, name);
    if (!r) continue;
    if (unread[*r] != 0) {
      scope.problems.push_back(name + ": not all of it could be read, and nothing of it goes");
      continue;
    }
    scope.repositories.push_back(*r);
    const Repository& repository = survey.repositories[*r];
    for (std::uint32_t t = 0; t < repository.tags.size(); ++t) {
      if (repository.tags[t].is_directory) scope.removal.tags.push_back({*r, t});
    }
    for (const DigestId path : repository.revisions.paths) {
      scope.removal.revisions.push_back({*r, path});
    }
  }
}

/// What is reached by tags that mean something. A tag that cannot be read lends its needs to every
/// revision of its repository in a safe mark; when it goes, these were not needed by it: they stay.
Marks reached_by_readable_tags(const Survey& survey) {
  const Policy policy = safe_policy(true);
  Marks marks(survey.graph.node_count());
  tbb::parallel_for(std::size_t{0}, survey.repositories.size(), [&](std::size_t r) {
    std::vector<DigestId> roots;
    for (const Tag& tag : survey.repositories[r].tags) {
      if (tag.state == storage::LinkState::kRead) roots.push_back(tag.digest);
    }
    extend(survey.graph, policy, std::move(roots), marks);
  });
  extend(survey.graph, policy, survey.pinned, marks);
  return marks;
}

}  // namespace

AliveBefore alive_before(const Survey& survey) {
  return {reached_by_readable_tags(survey), mark(survey, safe_policy(false))};
}

DeletionScope scope_of(const Survey& survey, const Deletions& deletions) {
  DeletionScope scope{deletions, {}, {}, {}, {}};
  take_tags(survey, scope);
  take_revisions(survey, scope);
  take_repositories(survey, scope);
  sort_unique(scope.removal.tags);
  sort_unique(scope.removal.revisions);
  sort_unique(scope.repositories);
  spare_tagged_revisions(survey, scope);
  if (deletions.sweep) scope.before = alive_before(survey);
  return scope;
}

Freed freed_without(Survey& survey, const AliveBefore& before, const std::vector<TagRef>& tags) {
  const Marks& tagged = before.tagged;
  const Without without(survey, {tags, {}});
  Marks after = mark(survey, safe_policy(true));
  std::vector<DigestId> untagged;
  for (const Repository& repository : survey.repositories) {
    for (const DigestId path : repository.revisions.paths) {
      const DigestId content = repository.revisions.content_of(path);
      const bool was_tagged =
          tagged[row(path)] != 0 || (content != kNoDigest && tagged[row(content)] != 0);
      if (was_tagged) continue;
      untagged.push_back(path);
      if (content != kNoDigest) untagged.push_back(content);
    }
  }
  extend(survey.graph, safe_policy(true), untagged, after);
  return freed_by(survey, before.live, after);
}

}  // namespace regsweep::analyzer
