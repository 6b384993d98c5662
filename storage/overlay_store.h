#pragma once

#include <map>
#include <set>
#include <string>

#include "storage/blob_source.h"
#include "storage/store.h"

namespace regsweep::storage {

/// A store as it would be with some blobs taken away and others added: what reads a store can thus
/// judge a change before it is made. Links are those of the store below. Not to be changed while
/// something reads it.
class OverlayStore final : public Store {
 public:
  /// `below` must outlive it.
  explicit OverlayStore(const Store& below) : below_(below) {}

  /// Takes a blob away.
  void hide(const Digest& digest) { hidden_.insert(digest); }
  /// Adds a blob, or puts it in place of one that was taken away.
  void add(const Digest& digest, SourceFile file) { added_[digest] = std::move(file); }

  bool is_hidden(const Digest& digest) const { return hidden_.contains(digest); }
  const std::map<Digest, SourceFile>& added() const noexcept { return added_; }
  const std::set<Digest>& hidden() const noexcept { return hidden_; }
  /// Whether it differs from the store below.
  bool is_changed() const noexcept { return !hidden_.empty() || !added_.empty(); }

  Status scan_blobs(ScanVisitor& visitor, const ScanOptions& options) const override;
  Status scan_repositories(ScanVisitor& visitor, const ScanOptions& options) const override {
    return below_.scan_repositories(visitor, options);
  }
  Inventory take_inventory(ScanVisitor& visitor, const InventoryOptions& options) const override {
    return below_.take_inventory(visitor, options);
  }
  Result<FileFacts> stat_blob(const Digest& digest) const override;
  Result<std::unique_ptr<BlobReader>> open_blob(const Digest& digest,
                                                Freshness freshness) const override;
  Result<std::string_view> read_blob(const Digest& digest, std::vector<char>& buffer,
                                     const BlobReading& how) const override;
  Result<FileFacts> stat_path(const std::string& path) const override {
    return below_.stat_path(path);
  }
  Result<std::vector<std::string>> list_path(const std::string& path) const override {
    return below_.list_path(path);
  }
  Result<DiskFigures> disk() const override { return below_.disk(); }
  DeviceKind device() const override { return below_.device(); }
  const ScanProgress& progress() const noexcept override { return below_.progress(); }

 private:
  const SourceFile* added_at(const Digest& digest) const;

  const Store& below_;
  std::set<Digest> hidden_;
  std::map<Digest, SourceFile> added_;
};

}  // namespace regsweep::storage
