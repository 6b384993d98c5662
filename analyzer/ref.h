#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// What a user's text for an object names.
enum class RefKind : std::uint8_t {
  kDigest,      ///< "sha256:ab…", wherever it is
  kTag,         ///< "team/app:1.0"
  kRevision,    ///< "team/app@sha256:ab…": a digest as a member of one repository
  kRepository,  ///< "team/app"
};

/// "None" where a Ref names no repository or no tag.
inline constexpr std::uint32_t kNoRow = 0xffffffffU;

/// One object of a survey.
struct Ref {
  RefKind kind = RefKind::kDigest;
  std::uint32_t repository = kNoRow;  ///< row of Survey::repositories; kNoRow for a digest
  std::uint32_t tag = kNoRow;         ///< row of Repository::tags; kNoRow unless it is a tag
  DigestId digest = kNoDigest;  ///< what a tag means: kNoDigest if it means none; never set for a
                                ///< repository
  bool operator==(const Ref&) const = default;
};

enum class RefOutcome : std::uint8_t {
  kResolved,
  kAmbiguous,          ///< several digests begin so
  kNotARef,            ///< no text for an object: empty, or too few digits of a digest
  kUnknownRepository,  ///< no repository has this name
  kUnknownTag,         ///< the repository is there, the tag is not
  kUnknownDigest,      ///< nothing in the store has or names such a digest
  kNotInRepository,    ///< the store knows the digest; this repository has no link or tag to it
};

/// One of several objects that a text may mean, and what tells it from the others.
struct RefCandidate {
  Ref ref;
  std::string digest;                          ///< `alg:hex`
  bool present = false;                        ///< its blob is there
  bool is_manifest = false;                    ///< and was read as a manifest
  ManifestType type = ManifestType::kUnknown;  ///< of a manifest
  std::string owner;  ///< "team/app:1.0" or "team/app", the first by name that holds it; or ""
};

/// What became of a text.
struct ResolvedRef {
  RefOutcome outcome = RefOutcome::kNotARef;
  Ref ref;  ///< if resolved; else what of it was found: the repository, or the digest
  std::vector<RefCandidate> candidates;  ///< if ambiguous: at most kMostCandidates, by digest
  std::uint64_t candidate_count = 0;     ///< of all
  std::vector<std::string> suggestions;  ///< at most kMostSuggestions near in spelling: full names
};

inline constexpr std::size_t kMostCandidates = 10;
inline constexpr std::size_t kMostSuggestions = 3;
inline constexpr std::size_t kFewestDigits = 6;       ///< of a short digest without an algorithm
inline constexpr std::size_t kFewestNamedDigits = 4;  ///< of one with it: "sha256:ab12"

/// A digest as a user writes it, maybe short: "sha256:ab12" or "ab12".
struct DigestText {
  std::optional<storage::Algorithm> algorithm;  ///< nothing: any
  std::string hex;                              ///< lower case

  /// Whether a digest begins so.
  bool fits(const storage::Digest& digest) const;
};

/// Nothing if the text cannot be one. Says by `too_short` whether more digits would make it one.
std::optional<DigestText> read_digest_text(std::string_view text, bool& too_short);

/// The digest with all digits, or nothing.
std::optional<storage::Digest> full_digest(const DigestText& text);

/// The digests that begin so, by text. Two binary searches for each algorithm.
std::vector<DigestId> beginning_with(const DigestTable& table, const DigestText& text);

/// The beginning of the names of tags that are about a digest: "sha256-<hex>".
/// Source: cosign specs/SIGNATURE_SPEC.md; OCI distribution spec, referrers tag schema.
std::string attached_tag_name(const storage::Digest& digest);

/// Finds what `text` names: `alg:hex`, also short; bare hex; `repository:tag`;
/// `repository@digest`, also short; `repository`. Upper-case hex counts like lower-case. What fits
/// exactly comes before what begins so: a full digest, then names in the store, then short digests.
/// A registry's host in front ("registry.example:5000/team/app:1.0", "localhost/app") is left out
/// where the whole names nothing, as is a tag before '@' ("app:1.0@sha256:…": the digest counts).
/// No I/O. Costs two binary searches; one pass over the names if it is unknown, one over the links
/// if it is ambiguous.
ResolvedRef resolve_ref(const Survey& survey, std::string_view text);

/// The Ref of a tag by its place.
Ref ref_of_tag(const Survey& survey, std::uint32_t repository, std::uint32_t tag);

/// Whether a repository has a tag, revision or layer link to the digest, by path or by content.
bool holds(const Repository& repository, DigestId digest);

/// How many insertions, deletions, replacements and swaps of neighbours make one text the other
/// (optimal string alignment); `limit` + 1 if more than `limit`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

}  // namespace regsweep::analyzer
