#include "storage/overlay_store.h"

#include <algorithm>
#include <functional>

#include "storage/layout.h"

namespace regsweep::storage {
namespace {

Error not_there(const Digest& digest) {
  return {Errc::kNotFound, layout::blob_path(digest), {}, 0};
}

FileFacts facts_for(const SourceFile& file) {
  FileFacts facts;
  facts.type = FileType::kRegular;
  facts.hard_links = 1;
  facts.size_bytes = file.size_bytes;
  facts.allocated_bytes = (file.size_bytes + 511) / 512 * 512;
  return facts;
}

/// Passes on what a scan sees, but for some of the blobs.
class WithoutBlobs final : public ScanVisitor {
 public:
  WithoutBlobs(ScanVisitor& to, const std::function<bool(const Digest&)>& is_out)
      : to_(to), is_out_(is_out) {}

  void blobs(std::span<const BlobEntry> batch) override {
    std::vector<BlobEntry> kept(batch.begin(), batch.end());
    std::erase_if(kept, [&](const BlobEntry& blob) { return is_out_(blob.digest); });
    to_.blobs(kept);
  }
  std::uint32_t repository(RepositoryEntry entry) override {
    return to_.repository(std::move(entry));
  }
  void revisions(std::uint32_t repository, std::span<const LinkEntry> batch) override {
    to_.revisions(repository, batch);
  }
  void layer_links(std::uint32_t repository, std::span<const LinkEntry> batch) override {
    to_.layer_links(repository, batch);
  }
  void tags(std::uint32_t repository, std::span<TagEntry> batch) override {
    to_.tags(repository, batch);
  }
  void upload(std::uint32_t repository, UploadEntry entry) override {
    to_.upload(repository, std::move(entry));
  }
  void walk_entry(WalkEntry entry) override { to_.walk_entry(std::move(entry)); }
  void event(Event event) override { to_.event(std::move(event)); }
  void sample(const FileFacts& link_or_directory) override { to_.sample(link_or_directory); }

 private:
  ScanVisitor& to_;
  const std::function<bool(const Digest&)>& is_out_;
};

}  // namespace

const SourceFile* OverlayStore::added_at(const Digest& digest) const {
  const auto at = added_.find(digest);
  return at == added_.end() ? nullptr : &at->second;
}

Status OverlayStore::scan_blobs(ScanVisitor& visitor, const ScanOptions& options) const {
  const std::function<bool(const Digest&)> is_out = [this](const Digest& digest) {
    return hidden_.contains(digest) || added_.contains(digest);
  };
  WithoutBlobs without(visitor, is_out);
  Status scanned = below_.scan_blobs(without, options);
  if (added_.empty()) return scanned;
  std::vector<BlobEntry> more;
  for (const auto& [digest, file] : added_) more.push_back({digest, facts_for(file)});
  visitor.blobs(more);
  return kOk;
}

Result<FileFacts> OverlayStore::stat_blob(const Digest& digest) const {
  if (const SourceFile* file = added_at(digest)) return facts_for(*file);
  if (hidden_.contains(digest)) return not_there(digest);
  return below_.stat_blob(digest);
}

Result<std::unique_ptr<BlobReader>> OverlayStore::open_blob(const Digest& digest,
                                                            Freshness freshness) const {
  if (const SourceFile* file = added_at(digest)) return open_source_file(file->path);
  if (hidden_.contains(digest)) return not_there(digest);
  return below_.open_blob(digest, freshness);
}

Result<std::string_view> OverlayStore::read_blob(const Digest& digest, std::vector<char>& buffer,
                                                 const BlobReading& how) const {
  const SourceFile* file = added_at(digest);
  if (file == nullptr) {
    if (hidden_.contains(digest)) return not_there(digest);
    return below_.read_blob(digest, buffer, how);
  }
  if (file->size_bytes > how.limit_bytes) {
    return Error{Errc::kCorrupt, file->path,
                 "longer than " + std::to_string(how.limit_bytes) + " bytes: no manifest is", 0};
  }
  const auto reader = open_source_file(file->path);
  if (!reader) return reader.error();
  buffer.resize(std::max<std::size_t>(buffer.size(), file->size_bytes + how.padding_bytes));
  std::size_t done = 0;
  while (done < file->size_bytes) {
    const auto got = (*reader)->read({buffer.data() + done, file->size_bytes - done});
    if (!got) return got.error();
    if (*got == 0) break;
    done += *got;
  }
  return std::string_view(buffer.data(), done);
}

}  // namespace regsweep::storage
