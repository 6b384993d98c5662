#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/damage.h"
#include "analyzer/known_list.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// A blob whose size is not the one that the list gives.
struct SizeDifference {
  DigestId blob = kNoDigest;
  std::uint64_t listed_bytes = 0;
  std::uint64_t stored_bytes = 0;  ///< st_size
};

/// A store compared with what someone else knows of it. What a listed tag or revision reaches by
/// the complete closure is known with it, referrers too; of a listed digest only that blob. Every
/// list is by text.
struct KnownComparison {
  std::uint64_t listed_blobs = 0;
  std::uint64_t listed_tags = 0;
  std::uint64_t listed_revisions = 0;

  SpaceRow blobs_in_both;  ///< with blobs_only_stored: every blob of the store
  SpaceRow blobs_only_stored;
  SpaceRow garbage_only_stored;  ///< the part of that which nothing in the store reaches
  std::vector<DigestId> only_stored;

  bool tags_compared = false;  ///< the list names tags; else nothing is said of the store's
  std::uint64_t tags_in_both = 0;
  std::vector<TagRef> tags_only_stored;

  std::vector<KnownList::Blob> blobs_only_listed;
  std::uint64_t only_listed_bytes = 0;           ///< as far as the list gives their sizes
  std::vector<KnownList::Tag> tags_only_listed;  ///< not there, or there and meaning no digest
  /// Their repository has no such revision, or the blob is not there.
  std::vector<KnownList::Revision> revisions_only_listed;

  std::vector<SizeDifference> size_differences;
};

/// Compares. No I/O.
KnownComparison compare_known(const Survey& survey, const Accounts& accounts,
                              const KnownList& list);

}  // namespace regsweep::analyzer
