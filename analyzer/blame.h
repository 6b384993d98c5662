#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/damage.h"
#include "analyzer/survey.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// What is lost with a damaged blob, the gravest first.
enum class Loss : std::uint8_t {
  kTagged,    ///< a tag needs it, or the signature or attestation of something tagged
  kUntagged,  ///< only untagged revisions do
  kGarbage,   ///< nothing does
};

/// What a tag lacks.
struct BrokenPart {
  DigestId blob = kNoDigest;   ///< the damaged one
  DigestId image = kNoDigest;  ///< the manifest that needs it, or the damaged manifest itself
  std::string platform;        ///< "linux/arm64", of the image; "" if not known
  auto operator<=>(const BrokenPart&) const = default;
};

/// A tag that cannot be pulled whole.
struct BlamedTag {
  TagRef tag;
  std::vector<BrokenPart> parts;  ///< sorted, each once
  std::uint32_t images = 0;       ///< that it names; 0 for an image itself
};

/// A damaged blob and what it breaks.
struct BlamedBlob {
  DigestId id = kNoDigest;
  Loss loss = Loss::kGarbage;
  std::vector<std::uint32_t> repositories;  ///< that link it or need it, ascending
  std::vector<std::uint32_t> tags;          ///< rows of Blame::tags, ascending
};

struct Blame {
  std::vector<BlamedTag> tags;    ///< in the survey's order
  std::vector<BlamedBlob> blobs;  ///< by id
};

/// Works out for each of the `bad` digests which repositories and tags it breaks, and for which
/// platforms. Looks only at what leads to them; reads the indexes and configs of broken tags for
/// their platforms. Missing foreign layers and absent children of an index must not be in `bad`.
Blame find_blame(const storage::Store& store, const Survey& survey, const Accounts& accounts,
                 const Marks& bad);

}  // namespace regsweep::analyzer
