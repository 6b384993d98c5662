#include "analyzer/survey_builder.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <iterator>
#include <mutex>

#include "analyzer/survey_builder_state.h"
#include "storage/layout.h"

namespace regsweep::analyzer {

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

SurveyBuilder::SurveyBuilder(const storage::Store& store)
    : store_(store), shared_(std::make_unique<Shared>()) {}

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
    std::sort(shards[i].begin(), shards[i].end(),
              [](const BlobRecord& a, const BlobRecord& b) { return a.digest < b.digest; });
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
    graph.digests.intern(blob.digest);
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
  auto state = std::make_unique<RepositoryState>();
  Repository& repository = state->repository;
  repository.name = std::move(entry.name);
  repository.has_layers = entry.has_layers;
  repository.has_manifests = entry.has_manifests;
  repository.has_revisions = entry.has_revisions;
  repository.has_tags = entry.has_tags;
  const auto at = shared_->repositories.push_back(std::move(state));
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
  RepositoryState& state = *shared_->repositories[repository];
  {
    const std::lock_guard lock(state.mutex);
    Links& links = revisions ? state.repository.revisions : state.repository.layers;
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
  RepositoryState& state = *shared_->repositories[repository];
  const std::lock_guard lock(state.mutex);
  auto& all = state.repository.tags;
  all.insert(all.end(), std::make_move_iterator(tags.begin()), std::make_move_iterator(tags.end()));
}

void SurveyBuilder::upload(std::uint32_t repository, storage::UploadEntry entry) {
  shared_->uploads.push_back({repository, std::move(entry)});
}

void SurveyBuilder::walk_entry(storage::WalkEntry entry) {
  shared_->walk.push_back(std::move(entry));
}

void SurveyBuilder::event(Event event) {
  if (event.kind == EventKind::kVanished) shared_->changed = true;
  if (event.kind == EventKind::kOddLink) stray_link(event);
  shared_->events.push_back(std::move(event));
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
    link.in_revisions = of_links == layout::kRevisions;
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

/// A digest that is in use may be any blob's: only what is a manifest beyond doubt is read as one.
void SurveyBuilder::pin(const Digest& digest) {
  const auto id = result_.graph.digests.find(digest);
  if (!id || row(*id) >= result_.graph.digests.ranked_size()) return;
  if (shared_->claimed[row(*id)] != 0) return;  // a link led to it: it is read
  const std::uint64_t size = result_.graph.size_bytes[row(*id)];
  if (result_.graph.has(*id, kNotAFile) || size == 0 || size > kMaxManifestBytes) return;
  std::vector<char> buffer;
  const auto content =
      store_.read_blob(digest, buffer, {kMaxManifestBytes, ManifestParser::padding_bytes(), size});
  if (!content) {
    event({EventKind::kUnreadable, layout::blob_path(digest), {}, content.error().message});
    return;
  }
  ManifestParser parser;
  const Manifest& manifest = parser.parse(*content);
  const bool is_manifest = manifest.understood && manifest.type != ManifestType::kUnknown;
  if (is_manifest) parse_with_children(*id);
}

void SurveyBuilder::parse_with_children(DigestId id) {
  ManifestCollector& collector = shared_->collectors.local();
  collector.pending.assign(1, id);
  while (!collector.pending.empty()) {
    const DigestId next = collector.pending.back();
    collector.pending.pop_back();
    if (present(next) && claim(next)) parse(next, collector);
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
    collector.parse(id, *content, *this, result_.graph);
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

}  // namespace regsweep::analyzer
