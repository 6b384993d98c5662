#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "storage/digest.h"
#include "storage/result.h"

namespace regsweep::analyzer {

/// What someone else knows of a store: a database, a cluster. Each list is sorted, without
/// duplicates. About 100 bytes a line.
struct KnownList {
  struct Blob {
    storage::Digest digest;
    std::optional<std::uint64_t> size_bytes;  ///< st_size, where the list gives it
  };
  struct Tag {
    std::string repository;
    std::string name;
    auto operator<=>(const Tag&) const = default;
  };
  struct Revision {
    std::string repository;
    storage::Digest digest;
    auto operator<=>(const Revision&) const = default;
  };
  std::vector<Blob> blobs;          ///< lines "digest [bytes]": that blob alone
  std::vector<Tag> tags;            ///< lines "repository:tag"
  std::vector<Revision> revisions;  ///< lines "repository@digest"
};

/// Reads one thing a line; empty lines and those that begin with '#' are skipped.
/// kUsage: a line is none of the three, gives a blob another size than one before, or no line names
/// anything; kIo. The message names the line, the error's path is `file`.
storage::Result<KnownList> read_known_list(std::istream& in, const std::string& file);

}  // namespace regsweep::analyzer
