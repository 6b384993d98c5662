#include "analyzer/manifest_collector.h"

#include <algorithm>
#include <iterator>

namespace regsweep::analyzer {
namespace {

std::uint32_t row32(std::size_t value) noexcept { return static_cast<std::uint32_t>(value); }

template <class T>
void release(std::vector<T>& vector) {
  std::vector<T>().swap(vector);
}

/// Longer than any digest and any words of ours: only what a document says can be cut.
constexpr std::size_t kMostKeptBytes = 1024;

std::string kept(const std::string& text, bool whole) {
  if (whole || text.size() <= kMostKeptBytes) return text;
  std::size_t end = kMostKeptBytes;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

void ManifestCollector::parse(DigestId id, std::string_view content, Interner& interner,
                              const Graph& graph, bool whole_texts) {
  const Manifest& manifest = parser_.parse(content);
  ManifestRow entry;
  entry.id = id;
  entry.type = manifest.type;
  entry.edge_begin = row32(edge_to_.size());
  for (const Reference& reference : manifest.references) graph.digests.prefetch(reference.digest);
  for (const Reference& reference : manifest.references) {
    add(id, reference, interner, graph, whole_texts);
  }
  entry.edge_count = row32(edge_to_.size()) - entry.edge_begin;
  manifests_.push_back(entry);
  node_flags_.emplace_back(
      id, static_cast<std::uint16_t>(manifest.understood ? kParsed : kParsed | kNotUnderstood));
  if (!manifest.problem.empty() || !manifest.error_2_8.empty() || !manifest.error_3.empty()) {
    oddities_.push_back({id, kept(manifest.problem, whole_texts),
                         kept(manifest.error_2_8, whole_texts),
                         kept(manifest.error_3, whole_texts)});
  }
}

void ManifestCollector::forget_buffers() {
  release(buffer);
  parser_ = ManifestParser();
}

void ManifestCollector::unreadable(DigestId id, const std::string& message, bool too_large) {
  node_flags_.emplace_back(id, static_cast<std::uint16_t>(too_large ? kNotUnderstood : kUnread));
  oddities_.push_back({id, message, message, message});
}

void ManifestCollector::add(DigestId manifest, const Reference& reference, Interner& interner,
                            const Graph& graph, bool whole_texts) {
  std::uint8_t flags = static_cast<std::uint8_t>(reference.role);
  if (reference.foreign) flags |= kForeign;
  if (reference.is_manifest) flags |= kManifestEdge;
  if (reference.marked_by_2_8) flags |= kMarkedBy28;
  if (reference.marked_by_3) flags |= kMarkedBy3;
  if (!reference.valid) {
    add_edge(digest_id(invalid_texts_.size()), flags | kInvalid, reference.media_type);
    invalid_texts_.push_back(kept(reference.invalid_text, whole_texts));
    return;
  }
  const DigestId to = interner.intern(reference.digest);
  add_edge(to, flags, reference.media_type);
  if (reference.role == Role::kSubject) {
    referrers_.emplace_back(to, manifest);
    return;
  }
  if (reference.is_manifest) pending.push_back(to);
  if (reference.size_bytes >= 0 && row(to) < graph.digests.ranked_size() &&
      !graph.has(to, kNotAFile) &&
      static_cast<std::uint64_t>(reference.size_bytes) != graph.size_bytes[row(to)]) {
    size_mismatches_.push_back({manifest, to, reference.size_bytes});
  }
}

void ManifestCollector::add_edge(DigestId to, std::uint8_t flags, std::string_view media_type) {
  edge_to_.push_back(to);
  edge_flags_.push_back(flags);
  edge_media_.push_back(media_.number(media_type));
}

void ManifestCollector::append_to(Graph& graph, const Renumbering& renumber) {
  const std::uint32_t edge_base = row32(graph.edge_to.size());
  const std::size_t text_base = graph.invalid_texts.size();
  for (std::size_t i = 0; i < edge_to_.size(); ++i) {
    const bool invalid = (edge_flags_[i] & kInvalid) != 0;
    graph.edge_to.push_back(invalid ? digest_id(text_base + row(edge_to_[i]))
                                    : renumber(edge_to_[i]));
  }
  graph.edge_flags.insert(graph.edge_flags.end(), edge_flags_.begin(), edge_flags_.end());
  std::vector<std::uint16_t> media;
  for (const std::string& text : media_.texts()) {
    const auto found = std::lower_bound(graph.media_types.begin(), graph.media_types.end(), text);
    const bool known = found != graph.media_types.end() && *found == text;
    media.push_back(known ? static_cast<std::uint16_t>(found - graph.media_types.begin())
                          : std::uint16_t{0});
  }
  for (const std::uint32_t number : edge_media_) graph.edge_media.push_back(media[number]);
  for (ManifestRow manifest : manifests_) {
    manifest.id = renumber(manifest.id);
    manifest.edge_begin += edge_base;
    graph.manifest_of[row(manifest.id)] = row32(graph.manifests.size());
    graph.manifests.push_back(manifest);
  }
  for (const auto& [id, flags] : node_flags_) graph.flags[row(renumber(id))] |= flags;
  for (const auto& [subject, referrer] : referrers_) {
    graph.referrers.emplace_back(renumber(subject), renumber(referrer));
    graph.flags[row(renumber(subject))] |= kHasReferrers;
  }
  for (ManifestOddity& oddity : oddities_) {
    oddity.id = renumber(oddity.id);
    graph.oddities.push_back(std::move(oddity));
  }
  for (const SizeMismatch& m : size_mismatches_) {
    graph.size_mismatches.push_back({renumber(m.manifest), renumber(m.blob), m.declared_bytes});
  }
  graph.invalid_texts.insert(graph.invalid_texts.end(),
                             std::make_move_iterator(invalid_texts_.begin()),
                             std::make_move_iterator(invalid_texts_.end()));
  release(edge_to_);  // the next collector is copied before this one is destroyed
  release(edge_flags_);
  release(edge_media_);
  release(manifests_);
}

}  // namespace regsweep::analyzer
