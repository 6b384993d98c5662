#include "analyzer/recoverable.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <set>
#include <utility>

#include "analyzer/repair_parts.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::Digest;
using storage::Errc;
using storage::EventKind;
using storage::LinkState;

TagNow now_of(const Tag& tag) noexcept {
  if (tag.state == LinkState::kRead) return TagNow::kMeans;
  return tag.state == LinkState::kAbsent ? TagNow::kNothing : TagNow::kDamaged;
}

void sort_newest_first(std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.seconds != b.seconds ? a.seconds > b.seconds : a.digest < b.digest;
  });
}

/// The past of one repository.
class Past {
 public:
  Past(const storage::Store& store, const Survey& survey, const Repository& repository)
      : store_(store),
        survey_(survey),
        graph_(survey.graph),
        of_(repository),
        closures_(store, survey) {
    past_.name = repository.name;
  }

  void look_at_tags(const std::vector<const PastFilter*>& filters, bool untagged_too) {
    for (const Tag& tag : of_.tags) {
      if (!tag.is_directory) continue;
      const bool is_wanted = std::any_of(filters.begin(), filters.end(), [&](const auto* filter) {
        return !filter->tag || filter->tag->matches(tag.name);
      });
      if (is_wanted || filters.empty()) {
        look_at(tag);
      } else if (untagged_too) {  // what it meant is not untagged
        for (const TagIndexEntry& entry : tag_entries(store_, of_.name, tag.name, &problems_)) {
          explain(entry.digest);
        }
      }
      if (tag.state == LinkState::kRead) explain(graph_.digests[tag.digest]);
    }
  }

  void look_at_untagged() {
    for (const DigestId path : of_.revisions.paths) consider(graph_.digests[path], true);
    for (const Digest& digest : deleted_revisions()) consider(digest, false);
    // Whatever an index among them names comes back with the index.
    std::erase_if(past_.untagged,
                  [&](const Candidate& one) { return explained_.contains(one.digest); });
  }

  RepositoryPast finish(std::vector<std::string>& problems) {
    sort_newest_first(past_.untagged);
    problems = std::move(problems_);
    return std::move(past_);
  }

 private:
  void look_at(const Tag& tag) {
    TagPast past;
    past.tag = tag.name;
    past.now = now_of(tag);
    past.pushed_seconds = tag.pushed_seconds;
    if (past.now == TagNow::kMeans) past.means = graph_.digests[tag.digest];
    for (const auto& [digest, facts] : tag_entries(store_, of_.name, tag.name, &problems_)) {
      explain(digest);
      if (past.means == digest) continue;
      const bool has_revision = is_linked(digest);
      if (!has_revision && !is_present(digest)) continue;  // nothing of it is left
      Candidate candidate = judge(digest, has_revision, closures_.of(digest));
      candidate.seconds = facts.mtime_seconds;
      past.before.push_back(std::move(candidate));
    }
    sort_newest_first(past.before);
    if (!past.before.empty() || past.now == TagNow::kNothing) past_.tags.push_back(std::move(past));
  }

  /// Notes a digest that a tag means or meant, with the manifests that it names: they need no tag.
  void explain(const Digest& tagged) {
    std::vector<Digest> pending = {tagged};
    while (!pending.empty()) {
      const Digest digest = pending.back();
      pending.pop_back();
      if (!explained_.insert(digest).second) continue;
      const auto id = graph_.digests.find(digest);
      if (!id || !graph_.has(*id, kPresent)) continue;
      if (!graph_.is_manifest(*id)) {  // its revision was deleted: it must be read
        for (const Digest& child : closures_.of(digest).manifests) explained_.insert(child);
        continue;
      }
      graph_.each_child(*id, [&](DigestId child) { pending.push_back(graph_.digests[child]); });
    }
  }

  void consider(const Digest& digest, bool has_link) {
    if (explained_.contains(digest) || !considered_.insert(digest).second) return;
    if (!has_link && !is_present(digest)) return;
    const Closure closure = closures_.of(digest);
    // A deleted layer or something unreadable was no image.
    if (!has_link && closure.manifests.empty()) return;
    for (std::size_t i = 1; i < closure.manifests.size(); ++i) {
      explained_.insert(closure.manifests[i]);
    }
    const bool is_attached =
        std::any_of(closure.subjects.begin(), closure.subjects.end(),
                    [&](const Digest& subject) { return is_present(subject); });
    if (is_attached) return;  // it has its place without a tag
    Candidate candidate = judge(digest, has_link, closure);
    const std::string directory = layout::revision_directory(of_.name, digest);
    const auto facts = store_.stat_path(has_link ? layout::link_in(directory) : directory);
    if (facts) candidate.seconds = facts->mtime_seconds;
    past_.untagged.push_back(std::move(candidate));
  }

  static Candidate judge(const Digest& digest, bool has_revision, const Closure& closure) {
    Candidate candidate;
    candidate.digest = digest;
    candidate.has_revision = has_revision;
    candidate.type = closure.type;
    candidate.size = closure.size;
    candidate.lacks = closure.lacks;
    return candidate;
  }

  bool is_present(const Digest& digest) const {
    const auto id = graph_.digests.find(digest);
    return id && graph_.has(*id, kPresent);
  }

  bool is_linked(const Digest& digest) const {
    const auto id = graph_.digests.find(digest);
    return id && has_path(graph_, of_.revisions, *id);
  }

  /// A registry's DELETE removes a revision's link and leaves its directory, which still tells the
  /// digest. Source: distribution registry/storage/linkedblobstore.go, Clear.
  std::vector<Digest> deleted_revisions() const {
    const std::string start =
        layout::repository_directory(of_.name) + '/' + layout::kRevisions + '/';
    std::vector<Digest> digests;
    const auto& events = survey_.events;
    const auto before = [](const storage::Event& event, const std::string& text) {
      return event.path < text;
    };
    for (auto at = std::lower_bound(events.begin(), events.end(), start, before);
         at != events.end() && at->path.starts_with(start); ++at) {
      Digest digest;
      const bool is_revision = at->kind == EventKind::kEmptyDirectory &&
                               layout::ends_in_digest(at->path, false, digest) &&
                               at->path == layout::revision_directory(of_.name, digest);
      if (is_revision) digests.push_back(digest);
    }
    return digests;
  }

  const storage::Store& store_;
  const Survey& survey_;
  const Graph& graph_;
  const Repository& of_;
  Closures closures_;
  std::set<Digest> explained_;   ///< reached by a tag, by what one meant, or by an untagged index
  std::set<Digest> considered_;  ///< as untagged
  RepositoryPast past_;
  std::vector<std::string> problems_;
};

/// The filters that fit a repository.
std::vector<const PastFilter*> fitting(const std::vector<PastFilter>& filters,
                                       const std::string& name) {
  std::vector<const PastFilter*> fit;
  for (const PastFilter& filter : filters) {
    if (filter.repository.text() == name || filter.repository.matches(name)) fit.push_back(&filter);
  }
  return fit;
}

}  // namespace

Recoverable find_recoverable(const storage::Store& store, const Survey& survey,
                             const std::vector<PastFilter>& filters) {
  const std::size_t count = survey.repositories.size();
  std::vector<RepositoryPast> pasts(count);
  std::vector<std::vector<std::string>> problems(count);
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t r) {
    const Repository& repository = survey.repositories[r];
    const auto fit = fitting(filters, repository.name);
    if (fit.empty() && !filters.empty()) return;
    if (repository.tags.empty() && !repository.has_revisions) return;
    Past past(store, survey, repository);
    const bool untagged_too =
        filters.empty() ||
        std::any_of(fit.begin(), fit.end(), [](const auto* filter) { return !filter->tag; });
    past.look_at_tags(fit, untagged_too);
    if (untagged_too) past.look_at_untagged();
    pasts[r] = past.finish(problems[r]);
  });
  Recoverable all;
  for (std::size_t r = 0; r < count; ++r) {
    all.problems.insert(all.problems.end(), problems[r].begin(), problems[r].end());
    if (pasts[r].tags.empty() && pasts[r].untagged.empty()) continue;
    all.repositories.push_back(std::move(pasts[r]));
  }
  return all;
}

std::vector<TagIndexEntry> tag_entries(const storage::Store& store, const std::string& repository,
                                       const std::string& tag, std::vector<std::string>* problems) {
  const std::string base = layout::tag_directory(repository, tag) + '/' + layout::kIndex;
  const auto note = [&](const std::string& path, const storage::Error& error) {
    if (error.code != Errc::kNotFound && problems != nullptr) {
      problems->push_back(path + ": " + error.message);
    }
  };
  std::vector<TagIndexEntry> entries;
  for (const auto algorithm :
       {storage::Algorithm::kSha256, storage::Algorithm::kSha384, storage::Algorithm::kSha512}) {
    const std::string directory = base + '/' + std::string(algorithm_name(algorithm));
    const auto names = store.list_path(directory);
    if (!names) {
      note(directory, names.error());
      continue;
    }
    for (const std::string& name : *names) {
      Digest digest;
      if (!parse_hex(algorithm, name, digest)) continue;
      const std::string link = layout::link_in(directory + '/' + name);
      const auto facts = store.stat_path(link);
      if (!facts) {
        note(link, facts.error());
        continue;
      }
      entries.push_back({digest, *facts});
    }
  }
  return entries;
}

}  // namespace regsweep::analyzer
