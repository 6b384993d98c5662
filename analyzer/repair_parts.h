#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/damage.h"
#include "analyzer/has_path.h"
#include "analyzer/repair.h"
#include "analyzer/soundness.h"
#include "storage/overlay_store.h"

namespace regsweep::analyzer {

// How the parts of a repair work together: repair.cpp calls them one after the other.

/// What is known while a repair is worked out.
struct RepairState {
  explicit RepairState(const storage::Store& as_it_is)
      : store(as_it_is), healed(as_it_is), content(as_it_is) {}

  const storage::Store& store;   ///< as it is
  storage::OverlayStore healed;  ///< without damaged blobs, with those that come from a source
  Survey survey;                 ///< of `healed`
  Damage damage;                 ///< of `healed`
  Soundness content;             ///< of what was hashed, also of what comes from a source
};

/// A link that a tag needs and that the repair cannot provide.
struct LackingLink {
  std::uint32_t repository = 0;
  DigestId id = kNoDigest;
  std::string why;
};

/// What is to be done about links.
struct LinkSteps {
  std::vector<storage::Removal> removals;
  std::vector<storage::Addition> additions;
  std::vector<LeftAlone> left;
  std::vector<std::string> deleted_links;
  std::vector<std::string> problems;
  std::vector<storage::Digest> damaged;  ///< blobs found damaged only now: hide them, begin again
  std::vector<LackingLink> lacking;
};

/// Links that hold no digest, links that tags need, and with `drop_dangling` links to nothing.
LinkSteps repair_links(RepairState& state, bool drop_dangling);

/// Blobs that metadata shows to be damaged, or that manifests declare with another size.
std::vector<storage::Digest> suspects_of(const Survey& survey, const Damage& damage);

/// Looks in the sources for what something alive needs and is not there, in `state.survey`; adds
/// what it finds to `state.healed`. `looked` are the digests looked for before. Returns whether
/// anything was found: then survey again, since it may name more.
bool find_in_sources(RepairState& state, std::span<const storage::BlobSource> sources,
                     std::vector<storage::Digest>& looked, std::vector<LeftAlone>& left);

/// The lost manifests of the healed store, and how they come back.
std::vector<LostFound> find_lost(RepairState& state, const Survey& as_it_is, bool lost_found,
                                 std::vector<storage::Addition>& additions);

/// The tags that cannot be pulled whole in the healed store.
std::vector<StillBroken> still_broken(const RepairState& state,
                                      const std::vector<LackingLink>& lacking);

/// Whether something that a tag or a revision reaches is damaged in the healed store.
bool damage_remains(const RepairState& state);

/// Whether a document may be served as a manifest: understood and of a known type.
bool is_served_as_manifest(const Graph& graph, DigestId id);

/// What an image calls a part of this role: "config", "manifest", "blob" or "layer".
const char* part_name(Role role) noexcept;

}  // namespace regsweep::analyzer
