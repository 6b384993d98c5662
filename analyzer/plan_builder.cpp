#include "analyzer/plan_builder.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "analyzer/finding.h"
#include "analyzer/hard_links.h"
#include "analyzer/has_path.h"
#include "analyzer/recoverable.h"
#include "analyzer/refusal.h"
#include "analyzer/removal_of.h"
#include "analyzer/unread_repositories.h"
#include "storage/layout.h"
#include "storage/sweeper_shape.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::EventKind;
using storage::FileFacts;
using storage::LinkState;
using storage::RemovalClass;

bool is_sha256(const Graph& graph, DigestId id) {
  return id == kNoDigest || graph.digests[id].algorithm == storage::Algorithm::kSha256;
}

/// Whether all that a repository has is named by sha256: only of that algorithm a survey counts the
/// entries of tags' indexes.
bool is_all_sha256(const Graph& graph, const Repository& repository) {
  const auto is_other = [&](DigestId id) { return !is_sha256(graph, id); };
  return std::ranges::none_of(repository.revisions.paths, is_other) &&
         std::ranges::none_of(repository.tags, is_other, &Tag::digest);
}

}  // namespace

PlanBuilder::PlanBuilder(const storage::Store& store, Survey& survey, const PlanRules& rules,
                         const PlanContext& context, const DeletionScope* scope)
    : store_(store),
      survey_(survey),
      graph_(survey.graph),
      rules_(rules),
      context_(context),
      scope_(scope),
      plan_(begin_plan(context)) {
  plan_.rules = rules;
}

/// What the user named, whatever its age. As the API's DELETE by digest, a revision takes the layer
/// link of the same digest along, which registry 2.1.0 made. Source: distribution v2.8.2
/// registry/storage/registry.go, manifestLinkPathFns; linkedblobstore.go, Clear.
void PlanBuilder::choose_what_is_deleted() {
  for (const TagRef& at : scope_->removal.tags) {
    const Repository& repository = survey_.repositories[at.repository];
    add(RemovalClass::kTag, layout::tag_directory(repository.name, repository.tags[at.tag].name),
        {}, "to be deleted", true);
  }
  for (const RevisionRef& at : scope_->removal.revisions) {
    const Repository& repository = survey_.repositories[at.repository];
    if (add(RemovalClass::kRevision,
            layout::revision_directory(repository.name, graph_.digests[at.path]), {},
            "to be deleted", true)) {
      doomed_revisions_.emplace_back(at.repository, at.path);
    }
    if (has_path(graph_, repository.layers, at.path)) {
      add(RemovalClass::kLayerLink,
          layout::layer_directory(repository.name, graph_.digests[at.path]), {},
          "a link to the same manifest", true);
    }
  }
  choose_whole_repositories();
  for (const std::string& problem : scope_->problems) plan_.problems.push_back(problem);
}

void PlanBuilder::choose_whole_repositories() {
  for (const std::uint32_t r : scope_->repositories) {
    const Repository& repository = survey_.repositories[r];
    for (const DigestId path : repository.layers.paths) {
      add(RemovalClass::kLayerLink, layout::layer_directory(repository.name, graph_.digests[path]),
          {}, "its repository is to be deleted", true);
    }
    for (const Upload& upload : survey_.uploads) {
      if (upload.repository != r) continue;
      add(RemovalClass::kUpload, layout::upload_directory(repository.name, upload.entry.id),
          {upload.entry.size_bytes, upload.entry.allocated_bytes},
          "its repository is to be deleted", true);
    }
    choose_directories_of(repository);
  }
}

/// Marks what lives. Untagged revisions that are too young are roots: the push they belong to may
/// not have come to its tag yet. So are, in a deletion, those that no tag needed before.
void PlanBuilder::decide_what_lives() {
  live_ = mark(survey_, safe_policy(goes_by_tags()));
  if (!goes_by_tags()) return;
  std::mutex mutex;
  std::vector<DigestId> young;
  std::vector<DigestId> as_before;
  tbb::parallel_for(std::size_t{0}, survey_.repositories.size(), [&](std::size_t r) {
    const Repository& repository = survey_.repositories[r];
    for (const DigestId path : repository.revisions.paths) {
      const DigestId content = repository.revisions.content_of(path);
      if (live_[row(path)] != 0 || (content != kNoDigest && live_[row(content)] != 0)) continue;
      if (was_unneeded_by_tags(path) && (content == kNoDigest || was_unneeded_by_tags(content))) {
        const std::lock_guard lock(mutex);
        as_before.push_back(path);
        if (content != kNoDigest) as_before.push_back(content);
        continue;
      }
      const std::string link = layout::revision_directory(repository.name, graph_.digests[path]);
      const auto facts = store_.stat_path(layout::link_in(link));
      if (facts && !is_young(facts->mtime_nanoseconds)) continue;
      const std::lock_guard lock(mutex);  // young, or no longer to be looked at
      if (!facts) note_problem(link, facts.error());
      young.push_back(path);
      if (content != kNoDigest) young.push_back(content);
    }
  });
  extend(graph_, safe_policy(true), as_before, live_);
  if (young.empty()) return;
  const Marks without = live_;
  extend(graph_, safe_policy(true), young, live_);
  graph_.each_blob([&](DigestId id) {
    if (live_[row(id)] != 0 && without[row(id)] == 0) held_back_.push_back(id);
  });
}

void PlanBuilder::choose_revisions() {
  if (!goes_by_tags()) return;
  for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
    const Repository& repository = survey_.repositories[r];
    if (tags_are_unclear(repository)) continue;
    for (const DigestId path : repository.revisions.paths) {
      const DigestId content = repository.revisions.content_of(path);
      if (live_[row(path)] != 0 || (content != kNoDigest && live_[row(content)] != 0)) continue;
      if (add(RemovalClass::kRevision,
              layout::revision_directory(repository.name, graph_.digests[path]), {},
              "untagged: no tag needs it")) {
        doomed_revisions_.emplace_back(static_cast<std::uint32_t>(r), path);
      }
    }
  }
}

/// Entries of tags' indexes: those that mention a revision which goes, and with stale_tags those of
/// the past. A tag whose meaning is unclear keeps its history.
void PlanBuilder::choose_tag_entries() {
  std::set<std::pair<std::uint32_t, DigestId>> doomed(doomed_revisions_.begin(),
                                                      doomed_revisions_.end());
  for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
    const Repository& repository = survey_.repositories[r];
    const auto index = static_cast<std::uint32_t>(r);
    const auto first = doomed.lower_bound({index, digest_id(0)});
    const bool any_doomed = first != doomed.end() && first->first == index;
    if (!any_doomed && !rules_.stale_tags) continue;
    bool all_counted = is_all_sha256(graph_, repository);
    for (auto at = first; at != doomed.end() && at->first == index; ++at) {
      all_counted &= is_sha256(graph_, at->second);
    }
    for (const Tag& tag : repository.tags) {
      if (tag.state != LinkState::kRead) continue;
      if (all_counted && tag.index_counted && tag.index_entries <= 1) continue;  // its own, at most
      const std::string directory = layout::tag_directory(repository.name, tag.name);
      for (const TagIndexEntry& entry :
           tag_entries(store_, repository.name, tag.name, &plan_.problems)) {
        const auto id = graph_.digests.find(entry.digest);
        if (id && *id == tag.digest) continue;
        const bool mentions_doomed = id && doomed.contains({index, *id});
        if (!mentions_doomed && !rules_.stale_tags) continue;
        add_seen(RemovalClass::kTagIndexEntry, layout::entry_directory(directory, entry.digest),
                 entry.facts, {},
                 mentions_doomed ? "the tag meant a manifest that goes"
                                 : "the tag means another digest now");
      }
    }
  }
}

/// Blobs that nothing reaches, unless they or a link to them are young: a push in progress has sent
/// its layers before the manifest that will need them.
void PlanBuilder::choose_blobs_and_links() {
  if (!plan_.refusals.empty()) return;
  Marks doomed(graph_.node_count());
  for (std::size_t i = 0; i < graph_.node_count(); ++i) {
    const DigestId id = digest_id(i);
    if (!graph_.is_counted(id) || live_[i] != 0) continue;
    if (was_unneeded(id)) continue;
    if (is_young(std::int64_t{graph_.mtime_seconds[i]} * 1'000'000'000)) {
      held_back_.push_back(id);
    } else {
      doomed[i] = 1;
    }
  }
  choose_links_to(doomed);
  // A file with several names is free when its last one goes: its bytes count for one that stays,
  // if one does, and else once.
  settle_hard_links(survey_, [&](DigestId id) { return doomed[row(id)] != 0 ? 1 : 0; });
  const std::vector<NamesInStore> names =
      names_in_store(survey_, [&](DigestId id) { return doomed[row(id)] != 0; });
  for (std::size_t i = 0; i < graph_.node_count(); ++i) {
    if (doomed[i] == 0) continue;
    const DigestId id = digest_id(i);
    std::string reason = graph_.is_manifest(id) ? "untagged: no tag needs this manifest"
                                                : "garbage: nothing refers to it";
    if (const auto at = std::ranges::lower_bound(names, id, {}, &NamesInStore::blob);
        at != names.end() && at->blob == id) {
      const auto facts = store_.stat_path(layout::blob_path(graph_.digests[id]));
      if (facts && facts->hard_links > at->names) {
        reason += "; its file has names elsewhere, too, and is not free before they go";
      }
    }
    add(RemovalClass::kBlob, layout::blob_directory(graph_.digests[id]), graph_.bytes(id),
        std::move(reason));
  }
}

/// Links to blobs that go, which would dangle. A young one saves its blob instead: `doomed` loses
/// it.
void PlanBuilder::choose_links_to(Marks& doomed) {
  struct LinkToBlob {
    std::string path;
    DigestId blob;
  };
  std::vector<LinkToBlob> candidates;
  std::vector<DigestId> saved;
  for (const Repository& repository : survey_.repositories) {
    for (const DigestId path : repository.layers.paths) {
      const DigestId blob = repository.layers.blob_of(path);
      if (doomed[row(blob)] == 0 && doomed[row(path)] == 0) continue;
      std::string link = layout::layer_directory(repository.name, graph_.digests[path]);
      const auto facts = store_.stat_path(layout::link_in(link));
      if (!facts && facts.error().code == storage::Errc::kNotFound) continue;
      if (!facts) note_problem(link, facts.error());
      if (!facts || is_young(facts->mtime_nanoseconds)) {
        saved.push_back(blob);
        saved.push_back(path);
        continue;
      }
      candidates.push_back({std::move(link), blob});
    }
  }
  for (const DigestId id : saved) {
    if (doomed[row(id)] == 0) continue;
    doomed[row(id)] = 0;
    held_back_.push_back(id);
  }
  for (LinkToBlob& candidate : candidates) {
    if (doomed[row(candidate.blob)] == 0) continue;
    add(RemovalClass::kLayerLink, std::move(candidate.path), {}, "its blob goes");
  }
}

/// Links of a repository that none of its manifests needs, and links to nothing.
void PlanBuilder::choose_dead_links() {
  if (!rules_.dead_links || !plan_.refusals.empty()) return;
  std::set<std::string> chosen;
  for (const storage::Removal& removal : plan_.removals) {
    if (removal.removal_class == RemovalClass::kLayerLink) chosen.insert(removal.path);
  }
  Policy policy = safe_policy(rules_.untagged);
  policy.referrers = false;
  Marks own(graph_.node_count());
  std::vector<DigestId> reached;  // what to clear before the next repository
  const std::vector<std::uint8_t> unread = unread_repositories(survey_);
  for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
    if (unread[r] != 0) continue;  // what was not seen of it may need them
    const Repository& repository = survey_.repositories[r];
    for (const DigestId id : std::exchange(reached, {})) own[row(id)] = 0;
    add_roots(survey_, repository, Roots::kTagsAndRevisions, reached);
    std::erase_if(reached, [&](DigestId id) {
      return live_[row(id)] == 0 || std::exchange(own[row(id)], std::uint8_t{1}) != 0;
    });
    for (std::size_t next = 0; next < reached.size(); ++next) {
      each_step(graph_, reached[next], policy, [&](DigestId id) {
        if (std::exchange(own[row(id)], std::uint8_t{1}) == 0) reached.push_back(id);
      });
    }
    for (const DigestId path : repository.layers.paths) {
      const DigestId blob = repository.layers.blob_of(path);
      const bool dangles = !graph_.has(blob, kPresent);
      if (dangles && graph_.has(blob, kUnread)) continue;  // it may be there
      if (!dangles && (own[row(path)] != 0 || own[row(blob)] != 0)) continue;
      std::string link = layout::layer_directory(repository.name, graph_.digests[path]);
      if (chosen.contains(link)) continue;
      add(RemovalClass::kLayerLink, std::move(link), {},
          dangles ? "its blob is not there" : "no manifest of the repository needs it");
    }
  }
}

void PlanBuilder::choose_uploads() {
  if (!rules_.uploads_age_seconds) return;
  for (const Upload& upload : survey_.uploads) {
    const storage::UploadEntry& entry = upload.entry;
    if (!is_old_upload(upload, plan_.created_seconds, *rules_.uploads_age_seconds)) continue;
    add(RemovalClass::kUpload,
        layout::upload_directory(survey_.repositories[upload.repository].name, entry.id),
        {entry.size_bytes, entry.allocated_bytes}, "unfinished upload");
  }
}

void PlanBuilder::choose_clutter() {
  for (const storage::Event& event : survey_.events) {
    if (event.kind == EventKind::kTemporaryFile && rules_.temporary) {
      add(RemovalClass::kTemporaryFile, event.path,
          {event.facts.size_bytes, event.facts.allocated_bytes}, "left by a crash");
    }
    const bool empty =
        event.kind == EventKind::kEmptyDirectory || event.kind == EventKind::kBlobWithoutData;
    if (empty && rules_.empty) {
      add(RemovalClass::kEmptyDirectory, event.path, {}, "empty");
    }
  }
}

/// Repositories without manifests and tags: their own directories, the deepest first, each only if
/// it is empty when its turn comes.
void PlanBuilder::choose_empty_repositories() {
  if (!rules_.empty) return;
  std::set<std::string> going;
  for (const storage::Removal& removal : plan_.removals) {
    const bool may_lie_in_one = removal.removal_class == RemovalClass::kLayerLink ||
                                removal.removal_class == RemovalClass::kUpload;
    if (may_lie_in_one) going.insert(removal.path);
  }
  std::vector<std::uint8_t> stays = unread_repositories(survey_);
  for (const Upload& upload : survey_.uploads) {
    const std::string& name = survey_.repositories[upload.repository].name;
    if (!going.contains(layout::upload_directory(name, upload.entry.id))) {
      stays[upload.repository] = 1;
    }
  }
  for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
    const Repository& repository = survey_.repositories[r];
    if (stays[r] != 0 || !repository.revisions.paths.empty() || !repository.tags.empty()) continue;
    const bool is_emptied = std::ranges::all_of(repository.layers.paths, [&](DigestId path) {
      return going.contains(layout::layer_directory(repository.name, graph_.digests[path]));
    });
    if (is_emptied) choose_directories_of(repository);
  }
}

void PlanBuilder::choose_directories_of(const Repository& repository) {
  const std::string base = layout::repository_directory(repository.name);
  const auto add_part = [&](const std::string& part) {
    add(RemovalClass::kEmptyDirectory, base + '/' + part, {}, "its repository is empty");
  };
  for (const char* of_links : {layout::kLayers, layout::kRevisions}) {
    for (const char* algorithm : {"sha256", "sha384", "sha512"}) {
      add_part(std::string(of_links) + '/' + algorithm);
    }
  }
  for (const char* part :
       {layout::kUploads, layout::kLayers, layout::kRevisions, layout::kTags, layout::kManifests}) {
    add_part(part);
  }
  add(RemovalClass::kEmptyDirectory, base, {}, "empty repository");
}

bool PlanBuilder::is_young(std::int64_t mtime_nanoseconds) const {
  return mtime_nanoseconds / 1'000'000'000 > plan_.created_seconds - rules_.min_age_seconds;
}

void PlanBuilder::hold_back(Bytes bytes) {
  ++plan_.held_back.objects;
  plan_.held_back.bytes += bytes;
}

/// Something that could not be looked at and hence stays; what is gone is no problem.
void PlanBuilder::note_problem(const std::string& path, const storage::Error& error) {
  if (error.code == storage::Errc::kNotFound) return;
  plan_.problems.push_back(path + ": " + error.message);
}

bool PlanBuilder::add(RemovalClass removal_class, std::string path, Bytes bytes, std::string reason,
                      bool of_any_age) {
  auto facts = store_.stat_path(storage::identity_path(removal_class, path));
  const bool means_nothing = removal_class == RemovalClass::kTag && !facts &&
                             facts.error().code == storage::Errc::kNotFound;
  if (means_nothing) facts = store_.stat_path(path);
  if (!facts) {  // gone meanwhile, or not to be looked at: then it stays
    note_problem(path, facts.error());
    return false;
  }
  return add_seen(removal_class, std::move(path), *facts, bytes, std::move(reason), of_any_age);
}

bool PlanBuilder::add_seen(RemovalClass removal_class, std::string path, const FileFacts& facts,
                           Bytes bytes, std::string reason, bool of_any_age) {
  // The age of a directory tells when something in it went, not when it came.
  const bool may_be_young = of_any_age || removal_class == RemovalClass::kEmptyDirectory;
  if (!may_be_young && is_young(facts.mtime_nanoseconds)) {
    hold_back(bytes);
    return false;
  }
  storage::Removal removal = removal_of(removal_class, std::move(path), facts, std::move(reason));
  removal.apparent_bytes = bytes.apparent;
  removal.allocated_bytes = bytes.allocated;
  plan_.removals.push_back(std::move(removal));
  return true;
}

void PlanBuilder::finish() {
  auto& removals = plan_.removals;
  std::stable_sort(removals.begin(), removals.end(),
                   [](const storage::Removal& a, const storage::Removal& b) {
                     if (a.removal_class != b.removal_class)
                       return a.removal_class < b.removal_class;
                     // Directories go from the deepest up.
                     if (a.removal_class == RemovalClass::kEmptyDirectory) return a.path > b.path;
                     return a.path < b.path;
                   });
  removals.erase(std::unique(removals.begin(), removals.end(),
                             [](const storage::Removal& a, const storage::Removal& b) {
                               return a.path == b.path;
                             }),
                 removals.end());
  note_store(store_, plan_);
  for (const DigestId id : held_back_) hold_back(graph_.bytes(id));
  std::sort(plan_.problems.begin(), plan_.problems.end());
  for (const storage::Removal& removal : removals) count_in(plan_, removal);
  graph_.each_blob([&](DigestId id) {
    ++plan_.blobs_in_store;
    plan_.bytes_in_store += graph_.bytes(id);
  });
  for (const Repository& repository : survey_.repositories) {
    for (const Tag& tag : repository.tags) plan_.has_tags |= tag.state == LinkState::kRead;
  }
}

Plan PlanBuilder::build() {
  settle_hard_links(survey_, [](DigestId) { return 0; });
  if (scope_ != nullptr &&
      context_.database_lock) {  // tags are in its database: links mean nothing
    plan_.refusals = find_refusals(survey_, true, rules_.ignore_damaged);
    finish();
    return std::move(plan_);
  }
  if (scope_ != nullptr) choose_what_is_deleted();
  if (scope_ != nullptr && !scope_->deletions.sweep) {
    finish();
    return std::move(plan_);
  }
  plan_.refusals = find_refusals(survey_, context_.database_lock, rules_.ignore_damaged);
  if (context_.harbor && goes_by_tags()) {
    plan_.refusals.push_back(
        "Harbor keeps tags in a database of its own: images in use may look untagged here");
  }
  if (plan_.refusals.empty()) {
    decide_what_lives();
    choose_revisions();
    choose_tag_entries();
    choose_blobs_and_links();
    choose_dead_links();
  }
  choose_uploads();
  choose_clutter();
  choose_empty_repositories();
  stop_when_enough();
  finish();
  return std::move(plan_);
}

}  // namespace regsweep::analyzer
