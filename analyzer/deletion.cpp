#include "analyzer/deletion.h"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "analyzer/has_path.h"
#include "analyzer/sort_unique.h"

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

void take_repositories(const Survey& survey, DeletionScope& scope) {
  for (const std::string& name : scope.deletions.repositories) {
    const auto r = find_repository(survey, name);
    if (!r) continue;
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
