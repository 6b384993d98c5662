#include "analyzer/survey_builder.h"

#include <tbb/concurrent_vector.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <limits>
#include <mutex>
#include <string_view>
#include <tuple>

#include "analyzer/sort_unique.h"
#include "analyzer/survey_order.h"
#include "storage/blob_reader.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::Algorithm;
using storage::BlobEntry;
using storage::Digest;
using storage::Event;
using storage::EventKind;
using storage::FileFacts;
using storage::FileType;
using storage::LinkEntry;
using storage::LinkState;

/// What threads have put there.
template <class T>
std::vector<T> taken_from(tbb::concurrent_vector<T>& met) {
  return {std::make_move_iterator(met.begin()), std::make_move_iterator(met.end())};
}

std::uint32_t clamp32(std::uint64_t value) noexcept {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

std::uint16_t flags_of(const FileFacts& facts) noexcept {
  std::uint16_t flags = kPresent;
  if (facts.type != FileType::kRegular) flags |= kNotAFile;
  if (facts.type == FileType::kRegular && facts.hard_links > 1) flags |= kHardLinked;
  return flags;
}

/// Bytes count only for regular files: the rest is not the blob's.
std::uint64_t size_of(const FileFacts& facts) noexcept {
  return facts.type == FileType::kRegular ? facts.size_bytes : 0;
}
std::uint32_t sectors_of(const FileFacts& facts) noexcept {
  return facts.type == FileType::kRegular ? clamp32(facts.allocated_bytes / 512) : 0;
}
std::uint32_t mtime_of(const FileFacts& facts) noexcept {
  return clamp32(static_cast<std::uint64_t>(std::max<std::int64_t>(facts.mtime_seconds, 0)));
}

/// Whether a blob begins as a JSON object does. What cannot be looked at may be one.
bool may_be_document(const storage::Store& store, const Digest& digest) {
  const auto reader = store.open_blob(digest, storage::Freshness::kCachedToo);
  if (!reader) return true;
  std::array<char, 512> piece;
  for (;;) {
    const storage::Result<std::size_t> got = (*reader)->read(piece);
    if (!got) return true;
    if (*got == 0) return false;
    const std::string_view text(piece.data(), *got);
    const std::size_t begin =
        text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");  // or a byte order mark
    if (begin != std::string_view::npos) return text[begin] == '{';
  }
}

}  // namespace

struct SurveyBuilder::BlobRecord {
  Sha256 digest;
  std::uint64_t size_bytes;
  std::uint32_t sectors;
  std::uint32_t mtime_seconds;
  std::uint16_t flags;
};

/// A digest met after the blobs were ranked: missing, of another algorithm, or pushed meanwhile.
struct SurveyBuilder::LateNode {
  bool looked_up = false;
  bool present = false;
  bool unknown = false;  ///< the system would not say whether it is there
  bool claimed = false;  ///< asked for as a document
  bool pinned = false;   ///< in use, whatever it is
  FileFacts facts;
};

struct SurveyBuilder::Shared {
  /// Batches of one repository come from several threads; few of two at the same moment.
  std::mutex& mutex_of(std::uint32_t repository) {
    return repository_mutexes[repository % repository_mutexes.size()];
  }

  std::array<std::vector<BlobRecord>, 256> shards;
  std::mutex other_mutex;
  std::vector<BlobEntry> other_blobs;  ///< of algorithms no registry stores under
  std::vector<std::tuple<Digest, std::uint64_t, std::uint64_t>> hard_links;
  std::unique_ptr<std::atomic<std::uint8_t>[]> claimed;
  mutable std::mutex late_mutex;
  std::vector<LateNode> late;
  tbb::concurrent_vector<std::unique_ptr<Repository>> repositories;
  std::array<std::mutex, 64> repository_mutexes;
  tbb::concurrent_vector<Upload> uploads;
  tbb::concurrent_vector<Event> events;
  tbb::concurrent_vector<storage::WalkEntry> walk;
  tbb::concurrent_vector<StrayLink> stray_links;
  tbb::concurrent_vector<std::pair<DigestId, DigestId>> aliases;
  tbb::enumerable_thread_specific<ManifestCollector> collectors;
  std::atomic<bool> changed{false};
  std::mutex large_mutex;  ///< held while a document is read that is larger than a manifest may be
};

SurveyBuilder::SurveyBuilder(const storage::Store& store, bool whole_texts)
    : store_(store), whole_texts_(whole_texts), shared_(std::make_unique<Shared>()) {}

SurveyBuilder::~SurveyBuilder() = default;

void SurveyBuilder::blobs(std::span<const BlobEntry> batch) {
  for (const BlobEntry& blob : batch) {
    if (blob.facts.type == FileType::kRegular && blob.facts.hard_links > 1) {
      const std::lock_guard lock(shared_->other_mutex);
      shared_->hard_links.emplace_back(blob.digest, blob.facts.device, blob.facts.inode);
    }
    if (blob.digest.algorithm != Algorithm::kSha256) {
      const std::lock_guard lock(shared_->other_mutex);
      shared_->other_blobs.push_back(blob);
      continue;
    }
    BlobRecord& record = shared_->shards[blob.digest.bytes[0]].emplace_back();
    std::copy_n(blob.digest.bytes.begin(), record.digest.size(), record.digest.begin());
    record.size_bytes = size_of(blob.facts);
    record.sectors = sectors_of(blob.facts);
    record.mtime_seconds = mtime_of(blob.facts);
    record.flags = flags_of(blob.facts);
  }
}

void SurveyBuilder::seal_blobs() {
  auto& shards = shared_->shards;
  tbb::parallel_for(std::size_t{0}, shards.size(), [&](std::size_t i) {
    // Some file systems list a name twice. A blob in two rows would be marked in one of them, and
    // be garbage in the other.
    const auto less = [](const BlobRecord& a, const BlobRecord& b) { return a.digest < b.digest; };
    const auto same = [](const BlobRecord& a, const BlobRecord& b) { return a.digest == b.digest; };
    std::sort(shards[i].begin(), shards[i].end(), less);
    shards[i].erase(std::unique(shards[i].begin(), shards[i].end(), same), shards[i].end());
  });
  std::size_t total = 0;
  for (const auto& shard : shards) total += shard.size();
  Graph& graph = result_.graph;
  std::vector<Sha256> ranked;
  ranked.reserve(total);
  graph.size_bytes.reserve(total);
  graph.allocated_sectors.reserve(total);
  graph.mtime_seconds.reserve(total);
  graph.flags.reserve(total);
  for (auto& shard : shards) {
    for (const BlobRecord& record : shard) {
      ranked.push_back(record.digest);
      graph.size_bytes.push_back(record.size_bytes);
      graph.allocated_sectors.push_back(record.sectors);
      graph.mtime_seconds.push_back(record.mtime_seconds);
      graph.flags.push_back(record.flags);
    }
    std::vector<BlobRecord>().swap(shard);  // the columns replace it: never hold both whole
  }
  graph.digests = DigestTable(std::move(ranked));
  shared_->claimed = std::make_unique<std::atomic<std::uint8_t>[]>(total);
  for (const BlobEntry& blob : shared_->other_blobs) {
    if (!graph.digests.intern(blob.digest).second) continue;
    LateNode node;
    node.looked_up = node.present = true;
    node.facts = blob.facts;
    shared_->late.push_back(node);
  }
}

DigestId SurveyBuilder::intern(const Digest& digest) {
  DigestTable& table = result_.graph.digests;
  const DigestId id = table.intern(digest).first;
  if (row(id) < table.ranked_size()) return id;
  const std::size_t index = row(id) - table.ranked_size();
  {
    const std::lock_guard lock(shared_->late_mutex);
    if (shared_->late.size() <= index) shared_->late.resize(index + 1);
    if (shared_->late[index].looked_up) return id;
  }
  // Not among the blobs: missing, or pushed after the walk passed by. A second look tells.
  const storage::Result<FileFacts> facts = store_.stat_blob(digest);
  if (facts) shared_->changed = true;
  const std::lock_guard lock(shared_->late_mutex);
  LateNode& node = shared_->late[index];
  node.looked_up = true;
  node.present = static_cast<bool>(facts);
  node.unknown = !facts && facts.error().code != storage::Errc::kNotFound;
  if (facts) node.facts = *facts;
  return id;
}

bool SurveyBuilder::present(DigestId id) const {
  const std::size_t ranked = result_.graph.digests.ranked_size();
  if (row(id) < ranked) return true;
  const std::lock_guard lock(shared_->late_mutex);
  return shared_->late[row(id) - ranked].present;
}

bool SurveyBuilder::claim(DigestId id) {
  const std::size_t ranked = result_.graph.digests.ranked_size();
  if (row(id) < ranked) {
    return shared_->claimed[row(id)].exchange(1, std::memory_order_relaxed) == 0;
  }
  const std::lock_guard lock(shared_->late_mutex);
  return !std::exchange(shared_->late[row(id) - ranked].claimed, true);
}

std::uint32_t SurveyBuilder::repository(storage::RepositoryEntry entry) {
  auto repository = std::make_unique<Repository>();
  repository->name = std::move(entry.name);
  repository->has_layers = entry.has_layers;
  repository->has_manifests = entry.has_manifests;
  repository->has_revisions = entry.has_revisions;
  repository->has_tags = entry.has_tags;
  const auto at = shared_->repositories.push_back(std::move(repository));
  return static_cast<std::uint32_t>(at - shared_->repositories.begin());
}

void SurveyBuilder::add_links(std::uint32_t repository, std::span<const LinkEntry> batch,
                              bool revisions) {
  std::vector<DigestId> paths;
  std::vector<OddLink> odd;
  paths.reserve(batch.size());
  for (const LinkEntry& link : batch) result_.graph.digests.prefetch(link.path);
  for (const LinkEntry& link : batch) {
    OddLink entry;
    entry.path = intern(link.path);
    entry.state = link.content.state;
    entry.error = link.content.error;
    entry.size_bytes = link.content.size_bytes;
    if (entry.state == LinkState::kRead) {
      entry.content = link.content.digest == link.path ? entry.path : intern(link.content.digest);
    }
    paths.push_back(entry.path);
    const bool plain = entry.state == LinkState::kNotRead || entry.content == entry.path;
    if (!plain) odd.push_back(entry);
    if (entry.content != kNoDigest && entry.content != entry.path) {
      shared_->aliases.emplace_back(entry.path, entry.content);
    }
  }
  {
    const std::lock_guard lock(shared_->mutex_of(repository));
    Repository& of = *shared_->repositories[repository];
    Links& links = revisions ? of.revisions : of.layers;
    links.paths.insert(links.paths.end(), paths.begin(), paths.end());
    links.odd.insert(links.odd.end(), odd.begin(), odd.end());
  }
  if (!revisions) return;
  for (const DigestId id : paths) parse_with_children(id);
  for (const OddLink& link : odd) {
    if (link.content != kNoDigest) parse_with_children(link.content);
  }
}

void SurveyBuilder::revisions(std::uint32_t repository, std::span<const LinkEntry> batch) {
  add_links(repository, batch, true);
}

void SurveyBuilder::layer_links(std::uint32_t repository, std::span<const LinkEntry> batch) {
  add_links(repository, batch, false);
}

void SurveyBuilder::tags(std::uint32_t repository, std::span<storage::TagEntry> batch) {
  std::vector<Tag> tags;
  tags.reserve(batch.size());
  for (storage::TagEntry& entry : batch) {
    Tag tag;
    tag.name = std::move(entry.name);
    tag.state = entry.current.state;
    tag.error = entry.current.error;
    tag.is_directory = entry.is_directory;
    tag.index_counted = entry.index_counted;
    tag.index_entries = entry.index_entries;
    tag.pushed_seconds = entry.pushed_seconds;
    if (tag.state == LinkState::kRead) {
      tag.digest = intern(entry.current.digest);
      parse_with_children(tag.digest);  // its revision link may be missing
    }
    tags.push_back(std::move(tag));
  }
  const std::lock_guard lock(shared_->mutex_of(repository));
  auto& all = shared_->repositories[repository]->tags;
  all.insert(all.end(), std::make_move_iterator(tags.begin()), std::make_move_iterator(tags.end()));
}

void SurveyBuilder::upload(std::uint32_t repository, storage::UploadEntry entry) {
  shared_->uploads.push_back({repository, std::move(entry)});
}

void SurveyBuilder::walk_entry(storage::WalkEntry entry) {
  shared_->walk.push_back(std::move(entry));
}

void SurveyBuilder::event(Event event) {
  switch (event.kind) {
    case EventKind::kStrayFile:
    case EventKind::kStrayDirectory:
      return stray(std::move(event));
    case EventKind::kVanished:
      shared_->changed = true;
      break;
    case EventKind::kOddLink:
      stray_link(event);
      break;
    default:
      break;
  }
  shared_->events.push_back(std::move(event));
}

void SurveyBuilder::stray(Event event) {
  const bool is_directory = event.kind == EventKind::kStrayDirectory;
  const bool may_be_link = may_be_stray_link(event);
  const std::lock_guard lock(shared_->other_mutex);
  result_.may_have_stray_links |= may_be_link;
  (is_directory ? result_.stray_directories : result_.stray_files).add(std::move(event));
}

void SurveyBuilder::sample(const FileFacts& link_or_directory) {
  const std::lock_guard lock(shared_->other_mutex);
  const bool directory = link_or_directory.type == FileType::kDirectory;
  (directory ? result_.sampled_directories : result_.sampled_links).add(link_or_directory);
}

void SurveyBuilder::stray_link(const Event& event) {
  const std::string top = layout::repository_directory("");
  if (!event.path.starts_with(top)) return;
  for (const char* of_links : {layout::kRevisions, layout::kLayers}) {
    const std::string below = std::string("/") + of_links + '/';
    const std::size_t at = event.path.find(below);
    if (at == std::string::npos) continue;
    StrayLink link;
    link.repository = event.path.substr(top.size(), at - top.size());
    link.in_revisions = std::string_view(of_links) == layout::kRevisions;
    link.path = event.path.substr(at + below.size());
    Digest digest;
    link.error = storage::parse_digest(event.message, digest);
    if (link.error == storage::DigestError::kNone) {
      link.content = intern(digest);
      if (link.in_revisions) parse_with_children(link.content);
    }
    shared_->stray_links.push_back(std::move(link));
    return;
  }
}

/// A digest that is in use may be any blob's: what does not begin as a document is none.
void SurveyBuilder::pin(const Digest& digest) {
  const auto id = result_.graph.digests.find(digest);
  if (!id) return;
  const std::size_t ranked = result_.graph.digests.ranked_size();
  if (!present(*id)) {
    const std::lock_guard lock(shared_->late_mutex);
    shared_->late[row(*id) - ranked].pinned = true;
    return;
  }
  const bool scanned = row(*id) < ranked;
  if (scanned && shared_->claimed[row(*id)] != 0) return;  // a link led to it: it is read
  if (may_be_document(store_, digest)) parse_with_children(*id);
}

void SurveyBuilder::parse_with_children(DigestId id) {
  ManifestCollector& collector = shared_->collectors.local();
  collector.pending.assign(1, id);
  while (!collector.pending.empty()) {
    const DigestId next = collector.pending.back();
    collector.pending.pop_back();
    if (claim(next) && present(next)) parse(next, collector);
  }
}

/// What was asked for by a digest that has no blob is served by another name where a link holds
/// one: that is read too. Without, the mark would come to a manifest whose needs are not known.
void SurveyBuilder::parse_by_other_names() {
  const std::size_t ranked = result_.graph.digests.ranked_size();
  std::vector<std::pair<DigestId, DigestId>> rest{shared_->aliases.begin(), shared_->aliases.end()};
  for (std::size_t before = 0; before != rest.size();) {
    before = rest.size();
    std::erase_if(rest, [&](const std::pair<DigestId, DigestId>& alias) {
      if (row(alias.first) < ranked) return true;
      const LateNode path = shared_->late[row(alias.first) - ranked];
      const bool is_wanted =
          path.claimed || (path.pinned && present(alias.second) &&
                           may_be_document(store_, result_.graph.digests[alias.second]));
      if (is_wanted) parse_with_children(alias.second);
      return is_wanted || path.present;
    });
  }
}

void SurveyBuilder::parse(DigestId id, ManifestCollector& collector) {
  const Graph& graph = result_.graph;
  const bool scanned = row(id) < graph.digests.ranked_size();
  if (scanned && graph.has(id, kNotAFile)) {
    collector.unreadable(id, "what stands in place of its data is no file", true);
    return;
  }
  // No registry accepts a manifest so large: one at a time, or each thread might hold one.
  const bool is_large = !scanned || graph.size_bytes[row(id)] > kMaxManifestBytes;
  std::unique_lock<std::mutex> turn;
  if (is_large) turn = std::unique_lock(shared_->large_mutex);
  const storage::Result<std::string_view> content =
      store_.read_blob(graph.digests[id], collector.buffer,
                       {kMostDocumentBytes, ManifestParser::padding_bytes(),
                        scanned ? graph.size_bytes[row(id)] : 0});
  if (content) {
    collector.parse(id, *content, *this, result_.graph, whole_texts_);
    if (is_large) collector.forget_buffers();
    return;
  }
  const storage::Error& error = content.error();
  if (error.code == storage::Errc::kNotFound) {
    shared_->changed = true;  // it was there a moment ago
    return;
  }
  const bool too_large = error.code == storage::Errc::kCorrupt;
  collector.unreadable(id, error.message, too_large);
  if (!too_large) event({EventKind::kUnreadable, error.path, {}, error.message});
}

void SurveyBuilder::finish_graph(const Renumbering& renumber) {
  Graph& graph = result_.graph;
  const std::size_t total = graph.digests.size();
  graph.size_bytes.resize(total);
  graph.allocated_sectors.resize(total);
  graph.mtime_seconds.resize(total);
  graph.flags.resize(total);
  graph.manifest_of.assign(total, kNoManifest);
  for (std::size_t i = 0; i < shared_->late.size(); ++i) {
    const LateNode& node = shared_->late[i];
    const std::size_t at = row(renumber.late()[i]);
    if (node.unknown) graph.flags[at] |= kUnread;
    result_.complete &= !node.unknown;
    if (!node.present) continue;
    graph.size_bytes[at] = size_of(node.facts);
    graph.allocated_sectors[at] = sectors_of(node.facts);
    graph.mtime_seconds[at] = mtime_of(node.facts);
    graph.flags[at] = flags_of(node.facts);
  }
  std::vector<std::string> media_types;
  for (const ManifestCollector& collector : shared_->collectors) {
    const std::vector<std::string>& met = collector.media_types();
    media_types.insert(media_types.end(), met.begin(), met.end());
  }
  graph.media_types = join_media_types(std::move(media_types));
  std::size_t edges = 0;
  std::size_t manifests = 0;
  for (const ManifestCollector& collector : shared_->collectors) {
    edges += collector.edge_count();
    manifests += collector.manifest_count();
  }
  graph.edge_to.reserve(edges);
  graph.edge_flags.reserve(edges);
  graph.edge_media.reserve(edges);
  graph.manifests.reserve(manifests);
  for (ManifestCollector& collector : shared_->collectors) collector.append_to(graph, renumber);
  for (const auto& [path, content] : shared_->aliases) {
    graph.aliases.emplace_back(renumber(path), renumber(content));
    graph.flags[row(renumber(path))] |= kHasAlias;
  }
  sort_unique(graph.referrers);
  sort_unique(graph.aliases);
  std::sort(graph.oddities.begin(), graph.oddities.end(),
            [](const ManifestOddity& a, const ManifestOddity& b) { return a.id < b.id; });
  std::sort(graph.size_mismatches.begin(), graph.size_mismatches.end(),
            [](const SizeMismatch& a, const SizeMismatch& b) {
              return std::tie(a.blob, a.manifest, a.declared_bytes) <
                     std::tie(b.blob, b.manifest, b.declared_bytes);
            });
  for (const auto& [digest, device, inode] : shared_->hard_links) {
    result_.hard_links.push_back({*graph.digests.find(digest), {device, inode}});
  }
  sort_unique(result_.hard_links);
}

Survey SurveyBuilder::finish() {
  parse_by_other_names();
  DigestTable& digests = result_.graph.digests;
  const std::size_t ranked = digests.ranked_size();
  const Renumbering renumber(ranked, digests.seal());
  shared_->claimed.reset();
  finish_graph(renumber);
  order_repositories(taken_from(shared_->repositories), taken_from(shared_->uploads), renumber,
                     result_);
  order_stray_links(taken_from(shared_->stray_links), renumber, result_);
  order_walk(taken_from(shared_->walk), result_);
  order_events(taken_from(shared_->events), result_);
  result_.stray_files.settle();
  result_.stray_directories.settle();
  result_.changed = shared_->changed;
  return std::move(result_);
}

}  // namespace regsweep::analyzer
