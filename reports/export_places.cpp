#include "reports/export_places.h"

#include "analyzer/blob_class.h"

namespace regsweep::reports {
namespace {

using analyzer::DigestId;
using analyzer::kNoDigest;
using analyzer::Owners;
using analyzer::Roots;
using storage::LinkState;

/// Calls `f(id)` for each digest that a layer link of the repository names; as in attribute().
template <class F>
void each_linked(const analyzer::Repository& repository, F&& f) {
  each_layer_link(repository, [&](DigestId path, DigestId content) {
    f(path);
    if (content != kNoDigest) f(content);
  });
}

}  // namespace

ExportPlaces::ExportPlaces(const ExportModel& model)
    : model_(model),
      survey_(model.audit.survey),
      graph_(survey_.graph),
      linked_by_(graph_.node_count()),
      reach_(graph_.node_count()),
      bits_(graph_.node_count()) {
  for (std::uint32_t r = 0; r < survey_.repositories.size(); ++r) {
    each_linked(survey_.repositories[r], [&](DigestId id) { linked_by_.add(id, r); });
  }
}

void ExportPlaces::each(std::uint32_t repository, const std::function<void(const Place&)>& f) {
  mark_tagged(repository);
  each_tag(repository, f);
  each_kept(repository, f);
  each_garbage(repository, f);
  for (const DigestId id : dirty_) bits_[row(id)] &= kReached;
  dirty_.clear();
}

template <class F>
void ExportPlaces::walk(const analyzer::Policy& policy, F&& f) {
  blobs_.clear();
  reach_.walk(graph_, policy, pending_, [&](DigestId id) {
    if (graph_.is_counted(id)) blobs_.push_back(id);
    f(id);
  });
}

void ExportPlaces::mark_tagged(std::uint32_t repository) {
  add_roots(survey_, survey_.repositories[repository], Roots::kTags, pending_);
  walk(analyzer::safe_policy(true), [&](DigestId id) {
    bits_[row(id)] |= kByTag;
    dirty_.push_back(id);
  });
}

void ExportPlaces::each_tag(std::uint32_t repository, const std::function<void(const Place&)>& f) {
  analyzer::Policy policy = analyzer::safe_policy(true);
  policy.referrers = false;
  const auto& tags = survey_.repositories[repository].tags;
  for (std::uint32_t t = 0; t < tags.size(); ++t) {
    if (tags[t].state != LinkState::kRead) continue;
    pending_.assign(1, tags[t].digest);
    walk(policy, [&](DigestId id) { bits_[row(id)] |= kListed; });  // in dirty_ since mark_tagged()
    f({Kind::kTag, t, kNoDigest, blobs_});
  }
}

void ExportPlaces::each_kept(std::uint32_t repository, const std::function<void(const Place&)>& f) {
  analyzer::Policy policy = analyzer::safe_policy(false);
  policy.referrers = false;  // those of this repository are revisions; others' are not its blobs
  const analyzer::Repository& place = survey_.repositories[repository];
  add_roots(survey_, place, Roots::kTagsAndRevisions, pending_);
  std::vector<DigestId> revisions;
  for (const DigestId id : pending_) {
    if ((bits_[row(id)] & kByTag) == 0) revisions.push_back(id);
  }
  walk(policy, [&](DigestId id) { bits_[row(id)] |= kReached; });
  std::erase_if(blobs_,
                [&](DigestId id) { return (bits_[row(id)] & (kByTag | kListed)) != kByTag; });
  if (!blobs_.empty()) f({Kind::kReferrers, 0, kNoDigest, blobs_});
  for (const DigestId revision : revisions) {
    if ((bits_[row(revision)] & kListed) != 0) continue;  // named by its path and by its link
    bits_[row(revision)] |= kListed;
    dirty_.push_back(revision);
    pending_.assign(1, revision);
    walk(policy, [](DigestId) {});
    std::erase_if(blobs_, [&](DigestId id) { return (bits_[row(id)] & kByTag) != 0; });
    if (!blobs_.empty()) f({Kind::kUntagged, 0, revision, blobs_});
  }
}

void ExportPlaces::each_garbage(std::uint32_t repository,
                                const std::function<void(const Place&)>& f) {
  const auto& live = model_.audit.accounts.live;
  blobs_.clear();
  reach_.begin();
  each_linked(survey_.repositories[repository], [&](DigestId id) {
    if (live[row(id)] != 0 || linked_by_[id] != repository || !graph_.is_counted(id)) return;
    if (reach_.meet(id)) blobs_.push_back(id);
  });
  if (!blobs_.empty()) f({Kind::kGarbage, 0, kNoDigest, blobs_});
}

template <class F>
std::vector<DigestId> ExportPlaces::blobs_that(F&& f) const {
  std::vector<DigestId> ids;
  graph_.each_blob([&](DigestId id) {
    if (f(id, model_.audit.accounts.live[row(id)] != 0)) ids.push_back(id);
  });
  return ids;
}

std::vector<DigestId> ExportPlaces::garbage_of_several() const {
  return blobs_that(
      [&](DigestId id, bool live) { return !live && linked_by_[id] == Owners::kSeveral; });
}
std::vector<DigestId> ExportPlaces::garbage_of_none() const {
  return blobs_that(
      [&](DigestId id, bool live) { return !live && linked_by_[id] == Owners::kNobody; });
}
std::vector<DigestId> ExportPlaces::kept_elsewhere() const {
  return blobs_that(
      [&](DigestId id, bool live) { return live && (bits_[row(id)] & kReached) == 0; });
}

}  // namespace regsweep::reports
