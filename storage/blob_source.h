#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/blob_reader.h"
#include "storage/config.h"
#include "storage/digest.h"
#include "storage/directory.h"
#include "storage/result.h"

namespace regsweep::storage {

/// A file outside the store that has a blob's bytes.
struct SourceFile {
  std::string path;  ///< absolute
  std::uint64_t size_bytes = 0;
};

/// Where blobs may be had from: another registry's store, an OCI image layout, or a directory whose
/// files are named by their digests. Only looks; follows no symbolic link below the directory that
/// was named. Safe from many threads.
/// Source: OCI image spec, image layout; names as skopeo's `dir:` and docker's archives give them.
class BlobSource {
 public:
  /// Finds out what `argument` is: a store by the rules of locate_store(), else a directory with
  /// `blobs/sha256` in it, else any directory. Errors: kNotFound, kDenied, kIo; kUsage if it is
  /// neither a store nor a directory; those of read_registry_config.
  static Result<BlobSource> open(const std::string& argument, const Environment& environment);

  /// The file that has this digest; it is read whole and hashed. kNotFound: there is none of such a
  /// name. kCorrupt: there is, but it has another digest or is no regular file. kDenied, kIo: it
  /// could not be read. Errors name the file.
  Result<SourceFile> find(const Digest& digest) const;

  /// The directory, as a canonical absolute path.
  const std::string& path() const noexcept { return path_; }

 private:
  enum class Form : std::uint8_t { kStore, kImageLayout, kFlat };

  BlobSource(Form form, std::string path, Directory directory)
      : form_(form), path_(std::move(path)), directory_(std::move(directory)) {}

  std::vector<std::string> names_of(const Digest& digest) const;
  Result<SourceFile> check(const std::string& name, const Digest& digest) const;

  Form form_;
  std::string path_;
  Directory directory_;
};

/// Opens a file that find() named. Errors as those of find().
Result<std::unique_ptr<BlobReader>> open_source_file(const std::string& path);

}  // namespace regsweep::storage
