#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/digest_table.h"
#include "analyzer/manifest.h"
#include "storage/saturating.h"

namespace regsweep::analyzer {

/// A size in both of its senses: st_size, and st_blocks × 512. Sums saturate.
struct Bytes {
  std::uint64_t apparent = 0;
  std::uint64_t allocated = 0;

  Bytes& operator+=(const Bytes& other) noexcept {
    apparent = storage::saturating_add(apparent, other.apparent);
    allocated = storage::saturating_add(allocated, other.allocated);
    return *this;
  }
  Bytes& operator-=(const Bytes& other) noexcept {
    apparent = storage::saturating_sub(apparent, other.apparent);
    allocated = storage::saturating_sub(allocated, other.allocated);
    return *this;
  }
  friend Bytes operator+(Bytes a, const Bytes& b) noexcept { return a += b; }
  friend Bytes operator-(Bytes a, const Bytes& b) noexcept { return a -= b; }
  bool operator==(const Bytes&) const = default;
};

/// What is known of a digest. Bits of one column, 2 bytes a digest.
enum NodeFlag : std::uint16_t {
  kPresent = 1,         ///< its blob has a `data` file
  kNotAFile = 2,        ///< a link, device or directory stands in place of `data`
  kParsed = 4,          ///< read as a manifest
  kUnread = 8,          ///< could not be read as a manifest, or it is unknown whether it is there
  kNotUnderstood = 16,  ///< read, but references may hide in it
  kHasAlias = 32,       ///< a link at this digest's path names another digest
  kHasReferrers = 64,   ///< manifests name it as their subject
  kHardLinked = 128,    ///< its file has several names: its bytes may be shared with another blob
  kCountedElsewhere = 256,  ///< shares its file with a blob that has the bytes: its own count is 0
};

/// What stands with a reference. Bits of one column, 1 byte an edge.
enum EdgeFlag : std::uint8_t {
  kRoleMask = 7,       ///< a Role
  kForeign = 8,        ///< has `urls`
  kManifestEdge = 16,  ///< names a manifest
  kMarkedBy28 = 32,    ///< registry 2.8's collector follows it
  kMarkedBy3 = 64,     ///< registry 3.x's collector follows it
  kInvalid = 128,      ///< names no digest; `to` is a row of Graph::invalid_texts
};

struct Edge {
  DigestId to;
  std::uint8_t flags;
  std::uint16_t media = 0;  ///< row of Graph::media_types
  Role role() const noexcept { return static_cast<Role>(flags & kRoleMask); }
};

/// A document's row. 16 bytes a manifest.
struct ManifestRow {
  DigestId id = kNoDigest;
  std::uint32_t edge_begin = 0;
  std::uint32_t edge_count = 0;
  ManifestType type = ManifestType::kUnknown;
};

/// What was odd about a document; few have such a row.
struct ManifestOddity {
  DigestId id = kNoDigest;
  std::string problem;
  std::string error_2_8;
  std::string error_3;
};

/// A reference whose declared size is not the blob's.
struct SizeMismatch {
  DigestId manifest = kNoDigest;
  DigestId blob = kNoDigest;
  std::int64_t declared_bytes = 0;
};

inline constexpr std::uint32_t kNoManifest = 0xffffffffU;

/// The store's content as columns and compressed edges, written once and only read afterwards.
/// A digest costs 32 (itself) + 8 + 4 + 4 + 2 + 4 = 54 bytes, an edge 7.
struct Graph {
  DigestTable digests;
  std::vector<std::uint64_t> size_bytes;         ///< st_size of `data`, 0 if missing
  std::vector<std::uint32_t> allocated_sectors;  ///< st_blocks, 512 bytes each
  std::vector<std::uint32_t> mtime_seconds;      ///< of `data`, since 1970
  std::vector<std::uint16_t> flags;              ///< NodeFlag
  std::vector<std::uint32_t> manifest_of;        ///< row of `manifests`, or kNoManifest
  std::vector<ManifestRow> manifests;            ///< in no order that means anything
  std::vector<DigestId> edge_to;
  std::vector<std::uint8_t> edge_flags;
  std::vector<std::uint16_t> edge_media;  ///< rows of `media_types`: what the reference declares
  std::vector<std::string> media_types;   ///< sorted; the first is "", for none or one too many
  std::vector<std::pair<DigestId, DigestId>> aliases;    ///< path → content, sorted
  std::vector<std::pair<DigestId, DigestId>> referrers;  ///< subject → referrer, sorted
  std::vector<std::string> invalid_texts;                ///< digests that are none, as written
  std::vector<ManifestOddity> oddities;                  ///< sorted by id
  std::vector<SizeMismatch> size_mismatches;             ///< sorted

  std::size_t node_count() const noexcept { return flags.size(); }
  bool has(DigestId id, std::uint16_t flag) const noexcept { return (flags[row(id)] & flag) != 0; }
  /// Bytes that this blob adds to a sum; 0 if another name of the same file has them.
  Bytes bytes(DigestId id) const noexcept {
    return has(id, kCountedElsewhere) ? Bytes{} : file_bytes(id);
  }
  /// Bytes of its file, whether or not another name of it has them in a sum.
  Bytes file_bytes(DigestId id) const noexcept {
    return {size_bytes[row(id)], std::uint64_t{allocated_sectors[row(id)]} * 512};
  }
  /// Whether its blob is there, a regular file: what every count of blobs counts.
  bool is_counted(DigestId id) const noexcept { return has(id, kPresent) && !has(id, kNotAFile); }
  /// Calls `f(id)` for each blob that is counted.
  template <class F>
  void each_blob(F&& f) const {
    for (std::size_t i = 0; i < node_count(); ++i) {
      const DigestId id = digest_id(i);
      if (is_counted(id)) f(id);
    }
  }
  bool is_manifest(DigestId id) const noexcept { return manifest_of[row(id)] != kNoManifest; }
  ManifestType type(DigestId id) const noexcept {
    return is_manifest(id) ? manifests[manifest_of[row(id)]].type : ManifestType::kUnreadable;
  }

  /// Calls `f(Edge)` for each reference of a manifest, in the order of ManifestParser.
  template <class F>
  void each_edge(DigestId id, F&& f) const {
    const std::uint32_t manifest = manifest_of[row(id)];
    if (manifest != kNoManifest) each_edge(manifests[manifest], f);
  }
  template <class F>
  void each_edge(const ManifestRow& entry, F&& f) const {
    for (std::uint32_t i = entry.edge_begin; i < entry.edge_begin + entry.edge_count; ++i) {
      f(Edge{edge_to[i], edge_flags[i], edge_media[i]});
    }
  }
  /// Of these (of a digest, or of a row), each that names a digest.
  template <class Of, class F>
  void each_reference(const Of& of, F&& f) const {
    each_edge(of, [&](const Edge& edge) {
      if ((edge.flags & kInvalid) == 0) f(edge);
    });
  }
  /// Of these, each but the subject: what a manifest is made of.
  template <class Of, class F>
  void each_part(const Of& of, F&& f) const {
    each_reference(of, [&](const Edge& edge) {
      if (edge.role() != Role::kSubject) f(edge);
    });
  }
  /// Calls `f(id)` for each manifest that an index lists.
  template <class Of, class F>
  void each_child(const Of& of, F&& f) const {
    each_reference(of, [&](const Edge& edge) {
      if (edge.role() == Role::kManifest) f(edge.to);
    });
  }
  /// Calls `f(id)` for what a manifest names as its subject.
  template <class Of, class F>
  void each_subject(const Of& of, F&& f) const {
    each_reference(of, [&](const Edge& edge) {
      if (edge.role() == Role::kSubject) f(edge.to);
    });
  }

  /// The rows of `pairs` that begin with `id`.
  static std::span<const std::pair<DigestId, DigestId>> rows_of(
      const std::vector<std::pair<DigestId, DigestId>>& pairs, DigestId id);

  /// Calls `f(id)` for each blob that stands for a digest: its own if it is present, else those
  /// that links at the path of a digest of another algorithm name and that are there. A sha256 has
  /// no other name: a link at its path that holds another one is served, but as content that a
  /// client refuses.
  template <class F>
  void each_served(DigestId id, F&& f) const {
    if (has(id, kPresent)) {
      f(id);
    } else if (has(id, kHasAlias) && digests[id].algorithm != storage::Algorithm::kSha256) {
      for (const auto& [path, content] : rows_of(aliases, id)) {
        if (has(content, kPresent)) f(content);
      }
    }
  }

  /// The first of these, or kNoDigest if none is there.
  DigestId present_blob(DigestId id) const;

  /// The oddity of a document, or nullptr.
  const ManifestOddity* oddity(DigestId id) const;
};

}  // namespace regsweep::analyzer
