#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/damage.h"
#include "analyzer/survey.h"

namespace regsweep::analyzer {

enum class TagState : std::uint8_t {
  kOk,
  kBroken,      ///< its content is missing something or damaged
  kDangling,    ///< its manifest is gone, or the tag means nothing
  kUnreadable,  ///< its link holds no digest, or it or what leads to its content cannot be read
};

/// A digest that a tag meant, and since when: the mtime of the entry in its index, seconds since
/// 1970, 0 if it is not known. Source: distribution registry/storage/tagstore.go, Tag.
struct TagMeaning {
  storage::Digest digest;
  std::int64_t since_seconds = 0;
};

/// Of the other tags on a digest a line names no more: with all, a list would grow with the square
/// of the tags on one digest.
inline constexpr std::size_t kMostSameDigest = 20;

/// One tag as a list shows it.
struct TagLine {
  TagRef tag;
  TagState state = TagState::kOk;
  bool parsed = false;  ///< its manifest was there to be read
  ManifestType type = ManifestType::kUnknown;
  Bytes size;  ///< distinct present blobs it reaches, referrers left out
  // ---- by add_details() ----
  Bytes exclusive;                     ///< of these, what no other tag of the store reaches
  std::vector<std::string> platforms;  ///< "linux/amd64"; of an index in its order
  std::int64_t created_seconds = 0;    ///< by its config, since 1970; 0 if not known
  std::uint64_t same_digest_tags = 0;  ///< how many other tags of the store mean the same
  std::vector<TagRef> same_digest;     ///< the first of them, kMostSameDigest at most
  std::vector<TagMeaning> history;     ///< by add_history(): all it ever meant, the newest first
};

/// Every tag of the named repositories (of all, if none is named), by repository and name. Costs
/// one walk a tag; no I/O.
std::vector<TagLine> list_tags(const Survey& survey, const Damage& damage,
                               const std::vector<std::string>& repositories);

/// Whether a registry could serve a tag whole.
TagState tag_state(const Survey& survey, const Damage& damage, const Repository& repository,
                   const Tag& tag);

/// "ok", "broken", "dangling" or "unreadable".
std::string_view tag_state_name(TagState state) noexcept;

}  // namespace regsweep::analyzer
