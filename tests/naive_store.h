#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace regsweep::tests {

using Digests = std::set<std::string>;

/// A second reading of a store, with nothing of ours in it: std::filesystem, nlohmann's reader,
/// sets of strings and no thought of speed. The safe closure is compared with it. Reads references
/// of ordinary and of odd documents, but makes nothing of what is no JSON.
class NaiveStore {
 public:
  struct Repository {
    Digests tags;          ///< what its tags mean
    Digests revisions;     ///< digests that its revision links name by path or by content
    Digests linked;        ///< the same of its layer links
    bool unclear = false;  ///< a tag cannot be understood: no revision counts as untagged
  };

  explicit NaiveStore(const std::string& v2);

  /// Everything that is reached from the tags, or from tags and revisions, of all repositories.
  Digests live(bool tags_only) const;
  /// The same for one repository; referrers count for tags only, as in its figures.
  Digests reach(const Repository& repository, bool tags_only) const;

  std::map<std::string, Repository> repositories;
  std::map<std::string, std::uint64_t> blobs;  ///< size of each `data` file

 private:
  void read_blobs(const std::string& path);
  void read_repositories(const std::string& path, const std::string& name);
  void read_repository(const std::string& path, Repository& repository);
  void read_links(const std::string& path, Digests& digests, bool odd_depths);
  void read_manifest(const std::string& digest);
  void add_roots(const Repository& repository, bool tags_only,
                 std::vector<std::string>& roots) const;
  Digests closure(std::vector<std::string> pending, bool referrers) const;

  std::string v2_;
  Digests parsed_;
  std::map<std::string, Digests> references_;
  std::map<std::string, Digests> referrers_;  // by subject
  std::map<std::string, Digests> aliases_;    // a link's path → its content
};

/// What `du` would say of a directory: every inode once.
struct DiskUsage {
  std::uint64_t names = 0;  ///< with the directory itself
  std::uint64_t apparent_bytes = 0;
  std::uint64_t allocated_bytes = 0;
};
DiskUsage disk_usage(const std::string& root);

}  // namespace regsweep::tests
