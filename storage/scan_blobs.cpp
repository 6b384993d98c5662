// The walk over `blobs`: one listing a prefix directory and one stat a blob, which is the fewest
// system calls that tell every blob's size.
#include <tbb/task_group.h>

#include <array>
#include <bitset>
#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "storage/directory_store.h"
#include "storage/layout.h"

namespace regsweep::storage {
namespace {

constexpr std::size_t kBatch = 128;
/// Registries spread blobs over the 256 prefixes alike; nearly all are of one algorithm.
constexpr std::uint64_t kPrefixShare = ScanProgress::kWhole / 256;

bool is_prefix(std::string_view name) noexcept {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return name.size() == 2 && is_hex(name[0]) && is_hex(name[1]);
}

/// Visits the blobs of one algorithm and one prefix ("sha256", "ab").
class PrefixScan {
 public:
  PrefixScan(ScanVisitor& visitor, const ScanOptions& options, ScanProgress& progress,
             Algorithm algorithm, std::string path)
      : visitor_(visitor),
        options_(options),
        progress_(progress),
        algorithm_(algorithm),
        path_(std::move(path)) {}

  void run(Directory& prefix) {
    if (interrupted()) return;
    const StillWatch watch(prefix);
    const Status listed = prefix.each([&](const DirectoryEntry& entry) {
      look(prefix, entry);
      if (used_ == kBatch) flush(prefix, watch);
    });
    if (!listed) report_unreadable(visitor_, path_, listed.error());
    flush(prefix, watch);
  }

 private:
  bool interrupted() {
    interrupted_ = interrupted_ || options_.interrupted();
    return interrupted_;
  }

  void look(const Directory& prefix, const DirectoryEntry& entry) {
    if (interrupted()) return;
    BlobEntry& blob = batch_[used_];
    const bool named =
        parse_hex(algorithm_, entry.name, blob.digest) && path_.ends_with(entry.name.substr(0, 2));
    const auto type = named ? type_of(visitor_, prefix, path_, entry) : FileType::kUnknown;
    if (!type) return;
    if (type != FileType::kDirectory) {
      if (options_.report_strays) report_stray(visitor_, prefix, path_, entry);
      return;
    }
    std::array<char, 160> name;
    std::memcpy(name.data(), entry.name.data(), entry.name.size());
    std::memcpy(name.data() + entry.name.size(), "/data", 6);
    const Result<FileFacts> facts = prefix.stat_listed(name.data());
    if (!facts) {
      no_data(prefix, entry.name, facts.error());
      return;
    }
    if (!sampled_) sample(prefix, entry);
    blob.facts = *facts;
    ++used_;
  }

  void sample(const Directory& prefix, const DirectoryEntry& entry) {
    sampled_ = true;
    if (const Result<FileFacts> facts = prefix.stat(entry.name.data())) visitor_.sample(*facts);
  }

  void no_data(const Directory& prefix, std::string_view name, const Error& error) {
    const std::string path = path_ + '/' + std::string(name);
    if (error.code != Errc::kNotFound) {
      report_unreadable(visitor_, path, error);
      return;
    }
    const Result<FileFacts> directory = prefix.stat(std::string(name).c_str());
    if (!directory) {
      report_unreadable(visitor_, path, directory.error());
    } else if (options_.report_strays) {
      visitor_.event({EventKind::kBlobWithoutData, path, *directory, {}});
    }
  }

  /// Looks at the batch once more, by way of each blob's directory, which may be another thing by
  /// now.
  void look_again(const Directory& prefix) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < used_; ++i) {
      const std::string name = batch_[i].digest.hex();
      const Result<FileFacts> facts = prefix.stat((name + "/data").c_str());
      if (!facts) {
        no_data(prefix, name, facts.error());
        continue;
      }
      batch_[kept] = batch_[i];
      batch_[kept++].facts = *facts;
    }
    used_ = kept;
  }

  void report_odd_data(const Directory& prefix, const BlobEntry& blob) {
    if (blob.facts.type == FileType::kRegular || !options_.report_strays) return;
    const std::string name = blob.digest.hex() + "/data";
    report_stray(visitor_, prefix, path_, DirectoryEntry{name, blob.facts.type});
  }

  void flush(const Directory& prefix, const StillWatch& watch) {
    if (used_ == 0) return;
    if (!watch.still(prefix)) look_again(prefix);
    for (std::size_t i = 0; i < used_; ++i) report_odd_data(prefix, batch_[i]);
    visitor_.blobs(std::span<const BlobEntry>(batch_.data(), used_));
    ScanProgress::add(progress_.blobs, used_);
    used_ = 0;
  }

  ScanVisitor& visitor_;
  const ScanOptions& options_;
  ScanProgress& progress_;
  Algorithm algorithm_;
  std::string path_;
  std::array<BlobEntry, kBatch> batch_;
  std::size_t used_ = 0;
  bool sampled_ = false;
  bool interrupted_ = false;
};

}  // namespace

Status DirectoryStore::scan_blobs(ScanVisitor& visitor, const ScanOptions& options) const {
  progress_.begin(ScanPhase::kBlobs);
  Result<Directory> blobs = v2_.open(layout::kBlobs);
  if (!blobs) {
    if (blobs.error().code != Errc::kNotFound) {
      report_unreadable(visitor, layout::kBlobs, blobs.error());
    }
    return blobs.error();
  }
  tbb::task_group group;
  const auto scan_algorithm = [&](Algorithm algorithm) {
    const std::string name(algorithm_name(algorithm));
    const std::string path = std::string(layout::kBlobs) + '/' + name;
    Result<Directory> opened = blobs->open(name.c_str());
    if (!opened) {
      report_unreadable(visitor, path, opened.error());
      return;
    }
    const auto directory = std::make_shared<Directory>(std::move(*opened));
    std::bitset<256> met;
    const Status listed = directory->each([&](const DirectoryEntry& entry) {
      const auto type =
          is_prefix(entry.name) ? type_of(visitor, *directory, path, entry) : FileType::kUnknown;
      if (!type) return;
      if (type != FileType::kDirectory) {
        if (options.report_strays) report_stray(visitor, *directory, path, entry);
        return;
      }
      // One listed twice is read once: its blobs must not come from two threads at a time.
      const auto number = std::stoul(std::string(entry.name), nullptr, 16);
      if (met.test(number)) return;
      met.set(number);
      group.run([&visitor, &options, this, directory, algorithm, path,
                 prefix = std::string(entry.name)] {
        Result<Directory> shard = directory->open(prefix.c_str());
        if (!shard) {
          report_unreadable(visitor, path + '/' + prefix, shard.error());
          return;
        }
        // On the heap: a batch is too large for a worker's stack to hold many of.
        std::make_unique<PrefixScan>(visitor, options, progress_, algorithm, path + '/' + prefix)
            ->run(*shard);
        ScanProgress::add(progress_.done, kPrefixShare);
      });
    });
    if (!listed) report_unreadable(visitor, path, listed.error());
  };
  std::set<Algorithm> met;
  const Status listed = blobs->each([&](const DirectoryEntry& entry) {
    Algorithm algorithm;
    const bool named = parse_algorithm(entry.name, algorithm);
    const auto type = named ? type_of(visitor, *blobs, layout::kBlobs, entry) : FileType::kUnknown;
    if (!type) return;
    if (type == FileType::kDirectory) {
      if (met.insert(algorithm).second) scan_algorithm(algorithm);
    } else if (options.report_strays) {
      report_stray(visitor, *blobs, layout::kBlobs, entry);
    }
  });
  if (!listed) report_unreadable(visitor, layout::kBlobs, listed.error());
  group.wait();
  progress_.end();
  return kOk;
}

}  // namespace regsweep::storage
