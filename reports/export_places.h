#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analyzer/owners.h"
#include "analyzer/reach.h"
#include "reports/export_model.h"

namespace regsweep::reports {

/// Every place at which each blob of a store stands: at each tag that reaches it, at what keeps it
/// otherwise, or as garbage. Keeps its buffers from repository to repository.
class ExportPlaces {
 public:
  explicit ExportPlaces(const ExportModel& model);

  /// The blobs of one place of a repository. `revision` is kNoDigest but for kUntagged, `tag` says
  /// which for kTag.
  enum class Kind : std::uint8_t {
    kTag,        ///< what the tag reaches, referrers left out
    kReferrers,  ///< what else its tags keep: referrers, and revisions beside unreadable tags
    kUntagged,   ///< what the revision reaches and no tag of the repository keeps
    kGarbage,    ///< garbage that the repository alone links
  };
  struct Place {
    Kind kind = Kind::kTag;
    std::uint32_t tag = 0;
    analyzer::DigestId revision = analyzer::kNoDigest;
    const std::vector<analyzer::DigestId>& blobs;
  };

  /// Calls `f` for each place of a repository that has blobs, and for each tag that means a digest;
  /// by kind, then in the survey's order. The distinct blobs of the first three kinds are its SIZE,
  /// those of kUntagged its UNTAGGED, of kGarbage its RECLAIMABLE.
  void each(std::uint32_t repository, const std::function<void(const Place&)>& f);

  /// What is in no repository. Call them after each() of all.
  std::vector<analyzer::DigestId> garbage_of_several() const;
  std::vector<analyzer::DigestId> garbage_of_none() const;
  std::vector<analyzer::DigestId> kept_elsewhere() const;  ///< alive, in no repository

 private:
  enum Bit : std::uint8_t { kByTag = 1, kListed = 2, kReached = 4 };

  /// Puts into `blobs_` what the roots in `pending_` reach, calling `f(id)` for each that is met.
  template <class F>
  void walk(const analyzer::Policy& policy, F&& f);
  void mark_tagged(std::uint32_t repository);
  void each_tag(std::uint32_t repository, const std::function<void(const Place&)>& f);
  void each_kept(std::uint32_t repository, const std::function<void(const Place&)>& f);
  void each_garbage(std::uint32_t repository, const std::function<void(const Place&)>& f);
  template <class F>
  std::vector<analyzer::DigestId> blobs_that(F&& f) const;

  const ExportModel& model_;
  const analyzer::Survey& survey_;
  const analyzer::Graph& graph_;
  analyzer::Owners linked_by_;
  analyzer::Reach reach_;
  std::vector<std::uint8_t> bits_;         ///< Bit; the first two are of the current repository
  std::vector<analyzer::DigestId> dirty_;  ///< whose bits are to be cleared after it
  std::vector<analyzer::DigestId> pending_;
  std::vector<analyzer::DigestId> blobs_;
};

}  // namespace regsweep::reports
