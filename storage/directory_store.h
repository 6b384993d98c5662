#pragma once

#include <optional>
#include <string>

#include "storage/directory.h"
#include "storage/store.h"

namespace regsweep::storage {

/// A store on a local or mounted file system. Holds descriptors for looking only.
class DirectoryStore final : public Store {
 public:
  DirectoryStore(Directory root, Directory v2, std::string v2_below_root)
      : root_(std::move(root)),
        v2_(std::move(v2)),
        v2_below_root_(std::move(v2_below_root)),
        device_(device_kind_of(v2_.fd())) {}

  Status scan_blobs(ScanVisitor& visitor, const ScanOptions& options) const override;
  Status scan_repositories(ScanVisitor& visitor, const ScanOptions& options) const override;
  Inventory take_inventory(ScanVisitor& visitor, const InventoryOptions& options) const override;
  Result<FileFacts> stat_blob(const Digest& digest) const override;
  Result<std::unique_ptr<BlobReader>> open_blob(const Digest& digest,
                                                Freshness freshness) const override;
  Result<std::string_view> read_blob(const Digest& digest, std::vector<char>& buffer,
                                     const BlobReading& how) const override;
  Result<FileFacts> stat_path(const std::string& path) const override;
  Result<std::vector<std::string>> list_path(const std::string& path) const override;
  Result<DiskFigures> disk() const override;
  DeviceKind device() const override { return device_; }
  const ScanProgress& progress() const noexcept override { return progress_; }

 private:
  Directory root_;
  Directory v2_;
  std::string
      v2_below_root_;  ///< "docker/registry/v2", or empty where the root is the v2 directory
  DeviceKind device_;
  mutable ScanProgress progress_;
};

/// Reports that something could not be looked at; what it holds is unknown from then on.
void report_unreadable(ScanVisitor& visitor, std::string path, const Error& error);

/// Reports a name that no registry puts where it was found, by its kind.
void report_stray(ScanVisitor& visitor, const Directory& at, const std::string& directory,
                  const DirectoryEntry& entry);

/// The type of an entry of `directory`, open as `at`; asks the file system where the listing did
/// not tell. Nothing if that cannot be told: it is reported then, as what it holds is unknown.
std::optional<FileType> type_of(ScanVisitor& visitor, const Directory& at,
                                const std::string& directory, const DirectoryEntry& entry);

}  // namespace regsweep::storage
