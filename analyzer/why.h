#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/chain.h"
#include "analyzer/damage.h"
#include "analyzer/fate.h"
#include "analyzer/ref.h"
#include "analyzer/survey.h"
#include "analyzer/tag_list.h"
#include "analyzer/without.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// What keeps an object.
enum class Standing : std::uint8_t {
  kTagged,    ///< a tag reaches it
  kUntagged,  ///< only revisions that no tag reaches
  kGarbage,   ///< nothing
};

/// A manifest that names the object.
struct Namer {
  DigestId manifest = kNoDigest;
  Role role = Role::kLayer;
  bool foreign = false;  ///< with `urls`
  Standing standing = Standing::kGarbage;
};

/// A repository that links the object.
struct Holder {
  std::uint32_t repository = 0;
  bool revision = false;
  bool layer_link = false;
  DigestId other = kNoDigest;  ///< the path of a link that holds the object, or what the link at
                               ///< its path holds, if that is another digest
};

/// What is wrong with content, as metadata tells. In the order of Damage::lists().
enum class Defect : std::uint8_t {
  kEmpty,
  kMissing,
  kWrongSize,
  kHollowIndex,
  kGarbled,
  kNotAFile,
};
struct DefectOf {
  DigestId id = kNoDigest;
  Defect defect = Defect::kMissing;
};

/// What taking the object away would do: its tags and revisions, everywhere or in the repository
/// that the user names.
struct DeletionEffect {
  Withdrawal removal;    ///< empty: it cannot be deleted alone
  Freed by_gc;           ///< what a collection then frees beyond what it would free anyway
  Freed by_gc_untagged;  ///< the same of one that removes untagged manifests
  Standing after = Standing::kGarbage;  ///< of the object, then
  std::optional<Chain> still;           ///< what keeps the object then
};

/// Everything there is to say of one object.
struct Why {
  Ref ref;
  DigestId object = kNoDigest;  ///< kNoDigest: a repository, or a tag that means nothing
  DigestId served = kNoDigest;  ///< the blob a registry serves for it: itself, the one a sha512
                                ///< name stands for, or kNoDigest
  bool is_missing = false;      ///< known to be absent, and not foreign
  bool is_foreign = false;      ///< absent, as the `urls` of all that name it announce
  std::string media_type;       ///< "" if nothing says
  Standing standing = Standing::kGarbage;
  std::optional<Chain> chain;      ///< of what is tagged or untagged
  std::vector<Namer> namers;       ///< by digest, then as they stand in it
  std::vector<DigestId> subjects;  ///< what it names as its subject
  /// Tags named "sha256-<its hex>…": signatures and the like, as cosign stores them. They are tags
  /// as all others; nothing keeps them for the object's sake, or the object for theirs.
  std::vector<TagRef> attached;
  std::string attached_to;      ///< of a tag with such a name: the digest it is about, else ""
  std::vector<TagRef> tags;     ///< that mean it, in the survey's order
  std::vector<TagRef> kept_by;  ///< all that reach it, those included
  std::vector<Holder> holders;  ///< by name
  std::int64_t last_written_seconds = 0;  ///< newest of its blob and its links; 0 if none is there
  Bytes size;                             ///< distinct present blobs that it needs, itself included
  std::uint64_t blobs = 0;                ///< how many these are
  TagState tag_state = TagState::kOk;     ///< of a tag, as `regsweep tags` says it
  std::vector<DefectOf> defects;          ///< in it and in all that it needs, itself first
  std::uint64_t absent_children = 0;      ///< of an index: images that are not there
  std::uint64_t children = 0;             ///< of an index
  std::string not_understood;             ///< why its document cannot be read as a manifest, or ""
  DeletionEffect deletion;
  std::array<Fate, kCollectors> fates;
  std::vector<std::string> refusals;  ///< why regsweep would remove no blob as things are

  bool is_live() const noexcept { return standing != Standing::kGarbage; }
  /// It is alive and damaged, it needs what is damaged, or it is not there.
  bool live_damage() const noexcept {
    return tag_state != TagState::kOk || (is_live() && (!defects.empty() || is_missing));
  }
};

struct WhyContext {
  std::string root;            ///< for the registry's messages
  bool database_lock = false;  ///< another database says what is alive
};

/// Works it out. The survey is changed meanwhile and put back (Without). Reads the indexes and
/// configs of the chain for their platforms, and the times of links. Runs in the caller's TBB
/// arena.
Why explain(const storage::Store& store, Survey& survey, const Accounts& accounts,
            const Damage& damage, const Ref& ref, const WhyContext& context);

}  // namespace regsweep::analyzer
