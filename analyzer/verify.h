#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/blame.h"
#include "analyzer/content_scan.h"
#include "analyzer/finding.h"
#include "analyzer/selection.h"

namespace regsweep::analyzer {

/// What is wrong with a blob. Of several that hold the first is told.
enum class Fault : std::uint8_t {
  kNotAFile,      ///< a link, device or directory stands in place of `data`
  kEmpty,         ///< zero bytes
  kWrongContent,  ///< its bytes have another digest
  kUnreadable,    ///< the device does not give its bytes
  kMissing,       ///< referred to and not there
  kWrongSize,     ///< a manifest declares another size; its own bytes are sound, or were not read
  kGarbled,       ///< a manifest that no parser accepts
  kHollow,        ///< an index of which no child is there
};
inline constexpr std::size_t kFaults = 8;

/// "wrong-content" and so on, as JSON has them.
std::string_view fault_name(Fault fault) noexcept;

/// A damaged blob, and whom it hurts.
struct DamagedBlob {
  BlamedBlob blame;
  Fault fault = Fault::kWrongContent;
  std::uint64_t size_bytes = 0;                ///< of the file, 0 if there is none
  std::optional<std::int64_t> declared_bytes;  ///< by a manifest, where it is another size
  std::optional<storage::Digest> actual;       ///< of kWrongContent
  bool actual_is_here = false;  ///< `actual` names another blob of this store: they were swapped
  std::string detail;           ///< the system's words, or why a manifest is garbled
};

/// A blob that is not what a manifest's media type says. Sound all the same.
struct OddKind {
  DigestId id = kNoDigest;
  ContentKind claimed = ContentKind::kOther;
  ContentKind found = ContentKind::kOther;
  auto operator<=>(const OddKind&) const = default;
};

struct VerifyOptions {
  Selection selection;
  ContentOptions content;
  FindingContext context;
};

/// Everything that a verify knows at its end.
struct Verification {
  FindingContext context;
  Selection selection;
  Survey survey;
  std::vector<std::uint8_t> in_scope;  ///< by digest: repositories and age of the selection
  ContentScan content;
  std::uint64_t blobs_in_store = 0;
  std::uint64_t bytes_in_store = 0;  ///< apparent
  std::uint64_t chosen_blobs = 0;    ///< by the selection
  std::uint64_t chosen_bytes = 0;
  std::vector<DamagedBlob> damaged;    ///< by the text of digests
  std::vector<BlamedTag> broken_tags;  ///< in the survey's order
  std::vector<OddKind> odd_kinds;      ///< by the text of digests
  std::vector<Misread> unknown;        ///< of which nothing can be said, by the text of digests
  std::vector<Finding> findings;       ///< on links, manifests and what is no blob's content
  bool live_damage = false;            ///< something that a tag or a revision needs is damaged
  bool complete = false;               ///< all that was chosen was read, and all metadata
};

/// Reads the store's metadata, then the chosen blobs, and says what is broken. Runs in the caller's
/// TBB arena, which must have as many threads as readers are wanted.
/// Names of repositories that the store has not (missing_repositories()) end it before a blob is
/// read: the result has the survey alone. Where not all could be read they select nothing.
Verification verify(const storage::Store& store, const VerifyOptions& options,
                    ContentProgress& progress);

/// The names in a selection that are no repository of the survey.
std::vector<std::string> missing_repositories(const Survey& survey, const Selection& selection);

}  // namespace regsweep::analyzer
