// gc --free: of what may go, only as much as is asked for.
#include <algorithm>
#include <set>

#include "analyzer/plan_builder.h"
#include "storage/layout.h"

namespace regsweep::analyzer {

using storage::RemovalClass;

/// The blob that a removal takes, or that a layer link leads to; kNoDigest for any other.
DigestId PlanBuilder::blob_of(const storage::Removal& removal) const {
  const bool is_blob = removal.removal_class == RemovalClass::kBlob;
  if (!is_blob && removal.removal_class != RemovalClass::kLayerLink) return kNoDigest;
  storage::Digest digest;
  if (!storage::layout::ends_in_digest(removal.path, is_blob, digest)) return kNoDigest;
  const auto id = graph_.digests.find(digest);
  if (!id || is_blob || graph_.has(*id, kPresent)) return id.value_or(kNoDigest);
  for (const auto& [path, content] : Graph::rows_of(graph_.aliases, *id)) {
    if (graph_.has(content, kPresent)) return content;
  }
  return *id;
}

/// Keeps only as much as is needed, what is cheapest to lose first: temporary files, uploads,
/// garbage from the largest blob down. What frees nothing but must go before a blob stays with it.
void PlanBuilder::stop_when_enough() {
  if (!rules_.enough_bytes) return;
  enum Cost : std::uint8_t { kClutter, kUpload, kGarbage, kManifest };
  const auto& removals = plan_.removals;
  std::vector<DigestId> blobs;
  std::vector<Cost> costs;
  std::vector<std::size_t> order;
  // What an untagged manifest needs must not go before its revision does. By the other rules
  // nothing goes that a revision leads to.
  const Marks linked =
      goes_by_tags() ? mark(survey_, safe_policy(false)) : Marks(graph_.node_count());
  for (std::size_t i = 0; i < removals.size(); ++i) {
    const RemovalClass what = removals[i].removal_class;
    blobs.push_back(blob_of(removals[i]));
    costs.push_back(what == RemovalClass::kTemporaryFile ? kClutter
                    : what == RemovalClass::kUpload      ? kUpload
                    : blobs.back() == kNoDigest || graph_.is_manifest(blobs.back()) ||
                            linked[row(blobs.back())] != 0
                        ? kManifest
                        : kGarbage);
    if (removals[i].allocated_bytes != 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (costs[a] != costs[b]) return costs[a] < costs[b];
    return removals[a].allocated_bytes > removals[b].allocated_bytes;
  });
  std::uint64_t freed = 0;
  bool manifests_go = false;
  std::vector<std::uint8_t> keep(removals.size(), 0);
  std::set<DigestId> gone;  // links to a blob that goes must go before it
  for (const std::size_t i : order) {
    if (freed >= *rules_.enough_bytes) break;
    keep[i] = 1;
    freed += removals[i].allocated_bytes;
    manifests_go |= costs[i] == kManifest;
    if (removals[i].removal_class == RemovalClass::kBlob) gone.insert(blobs[i]);
  }
  // A file is free only without its other names; those count for nothing.
  std::set<std::pair<std::uint64_t, std::uint64_t>> files;
  for (const auto& [id, file] : survey_.hard_links) {
    if (gone.contains(id)) files.insert(file);
  }
  for (const auto& [id, file] : survey_.hard_links) {
    if (files.contains(file)) gone.insert(id);
  }
  for (std::size_t i = 0; i < removals.size(); ++i) {
    if (removals[i].removal_class != RemovalClass::kBlob || !gone.contains(blobs[i])) continue;
    keep[i] = 1;
    manifests_go |= costs[i] == kManifest;
  }
  std::vector<storage::Removal> kept;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    const RemovalClass what = removals[i].removal_class;
    const bool needed =
        (what == RemovalClass::kLayerLink && gone.contains(blobs[i])) ||
        (manifests_go && (what == RemovalClass::kRevision || what == RemovalClass::kTagIndexEntry));
    if (keep[i] != 0 || needed) kept.push_back(std::move(plan_.removals[i]));
  }
  plan_.removals = std::move(kept);
}

}  // namespace regsweep::analyzer
