#pragma once

#include <memory>
#include <utility>

#include "storage/directory_store.h"

namespace regsweep::tests {

/// A store as another one is, for tests that change one answer.
class ForwardingStore : public storage::Store {
 public:
  explicit ForwardingStore(std::unique_ptr<storage::Store> below) : below_(std::move(below)) {}

  storage::Status scan_blobs(storage::ScanVisitor& visitor,
                             const storage::ScanOptions& options) const override {
    return below_->scan_blobs(visitor, options);
  }
  storage::Status scan_repositories(storage::ScanVisitor& visitor,
                                    const storage::ScanOptions& options) const override {
    return below_->scan_repositories(visitor, options);
  }
  storage::Inventory take_inventory(storage::ScanVisitor& visitor,
                                    const storage::InventoryOptions& options) const override {
    return below_->take_inventory(visitor, options);
  }
  storage::Result<storage::FileFacts> stat_blob(const storage::Digest& digest) const override {
    return below_->stat_blob(digest);
  }
  storage::Result<std::unique_ptr<storage::BlobReader>> open_blob(
      const storage::Digest& digest, storage::Freshness freshness) const override {
    return below_->open_blob(digest, freshness);
  }
  storage::Result<std::string_view> read_blob(const storage::Digest& digest,
                                              std::vector<char>& buffer,
                                              const storage::BlobReading& how) const override {
    return below_->read_blob(digest, buffer, how);
  }
  storage::Result<storage::FileFacts> stat_path(const std::string& path) const override {
    return below_->stat_path(path);
  }
  storage::Result<std::vector<std::string>> list_path(const std::string& path) const override {
    return below_->list_path(path);
  }
  storage::Result<storage::DiskFigures> disk() const override { return below_->disk(); }
  storage::DeviceKind device() const override { return below_->device(); }
  const storage::ScanProgress& progress() const noexcept override { return below_->progress(); }

 private:
  std::unique_ptr<storage::Store> below_;
};

}  // namespace regsweep::tests
