#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/graph.h"
#include "analyzer/manifest.h"
#include "analyzer/media_types.h"

namespace regsweep::analyzer {

/// Gives digests their provisional ids while a scan runs.
class Interner {
 public:
  virtual ~Interner() = default;
  virtual DigestId intern(const storage::Digest& digest) = 0;
};

/// Turns provisional ids into final ones: those behind the ranked digests were numbered as met.
class Renumbering {
 public:
  Renumbering(std::size_t ranked, std::vector<DigestId> late)
      : ranked_(ranked), late_(std::move(late)) {}
  DigestId operator()(DigestId id) const noexcept {
    return id == kNoDigest || row(id) < ranked_ ? id : late_[row(id) - ranked_];
  }
  const std::vector<DigestId>& late() const noexcept { return late_; }

 private:
  std::size_t ranked_;
  std::vector<DigestId> late_;
};

/// Collects what one thread parses; joined to the graph when all have ended.
class ManifestCollector {
 public:
  std::vector<char> buffer;       ///< for reading documents
  std::vector<DigestId> pending;  ///< manifests that the parsed ones name, to be parsed next

  /// Parses a document and keeps its references. Sizes declared for blobs that `graph` knows are
  /// compared with theirs. Of what it says in place of a digest, and of words that repeat what
  /// stands in it, only a beginning is kept, unless `whole_texts`: a document may say megabytes.
  void parse(DigestId id, std::string_view content, Interner& interner, const Graph& graph,
             bool whole_texts);

  /// Gives back the memory that a large document took.
  void forget_buffers();

  /// Remembers that a document could not be had, and whether the reason is the document itself.
  void unreadable(DigestId id, const std::string& message, bool too_large);

  /// The media types that this thread has met.
  const std::vector<std::string>& media_types() const noexcept { return media_.texts(); }

  /// How much append_to() will add.
  std::size_t edge_count() const noexcept { return edge_to_.size(); }
  std::size_t manifest_count() const noexcept { return manifests_.size(); }

  /// Moves everything collected into `graph`, whose node columns have their final size, and which
  /// knows the media types of all collectors.
  void append_to(Graph& graph, const Renumbering& renumber);

 private:
  void add(DigestId manifest, const Reference& reference, Interner& interner, const Graph& graph,
           bool whole_texts);
  void add_edge(DigestId to, std::uint8_t flags, std::string_view media_type);

  ManifestParser parser_;
  MediaTypes media_;
  std::vector<DigestId> edge_to_;
  std::vector<std::uint8_t> edge_flags_;
  std::vector<std::uint32_t> edge_media_;
  std::vector<ManifestRow> manifests_;
  std::vector<std::pair<DigestId, std::uint16_t>> node_flags_;
  std::vector<std::string> invalid_texts_;
  std::vector<std::pair<DigestId, DigestId>> referrers_;
  std::vector<ManifestOddity> oddities_;
  std::vector<SizeMismatch> size_mismatches_;
};

}  // namespace regsweep::analyzer
