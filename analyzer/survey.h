#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/graph.h"
#include "analyzer/strays.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// A revision or layer link that is not plain: it holds no digest or another one. Where only its
/// directory is left there is no link; an event tells of the directory.
struct OddLink {
  DigestId path = kNoDigest;
  DigestId content = kNoDigest;  ///< set if state is kRead
  storage::LinkState state = storage::LinkState::kAbsent;
  storage::DigestError error = storage::DigestError::kNone;
  std::uint32_t size_bytes = 0;
};

/// A tag of a repository: what `current/link` holds.
struct Tag {
  std::string name;
  DigestId digest = kNoDigest;  ///< set if state is kRead
  storage::LinkState state = storage::LinkState::kAbsent;
  storage::DigestError error = storage::DigestError::kNone;
  bool is_directory = true;  ///< false: a stray file in `tags`
  bool index_counted = false;
  std::uint32_t index_entries = 0;  ///< digests the tag ever meant, if counted
  std::int64_t pushed_seconds = 0;  ///< mtime of `current/link`, since 1970; 0 if it was not read
};

/// Links of one kind in one repository. Plain ones cost 4 bytes.
struct Links {
  std::vector<DigestId> paths;  ///< digests the paths name, by their text; with the odd ones
  std::vector<OddLink> odd;     ///< by path

  const OddLink* odd_at(DigestId path) const;

  /// What the link at `path` holds, which a registry takes for its identity. kNoDigest if no
  /// digest.
  DigestId content_of(DigestId path) const;

  /// The same, but `path` itself where the link holds no digest: the best guess at its blob.
  DigestId blob_of(DigestId path) const;
};

struct Repository {
  std::string name;
  bool has_layers = false;
  bool has_manifests = false;
  bool has_revisions = false;
  bool has_tags = false;
  bool tags_unread = false;  ///< some may be there that were not seen
  Links revisions;
  Links layers;
  std::vector<Tag> tags;  ///< by name
};

/// Calls `f(path, content)` for each layer link of a repository: the digest its path names, and the
/// other one that it holds, kNoDigest if it holds none.
template <class F>
void each_layer_link(const Repository& repository, F&& f) {
  for (const DigestId path : repository.layers.paths) {
    const OddLink* odd = repository.layers.odd_at(path);
    f(path, odd != nullptr ? odd->content : kNoDigest);
  }
}

struct Upload {
  std::uint32_t repository = 0;
  storage::UploadEntry entry;
};

/// A file `link` at a depth where a registry's walk reads it although none is written there. Only a
/// complete walk finds these.
struct StrayLink {
  std::string repository;
  bool in_revisions = true;      ///< else below `_layers`
  std::string path;              ///< below revisions or _layers, with "/link"
  DigestId content = kNoDigest;  ///< kNoDigest if it holds no digest
  storage::DigestError error = storage::DigestError::kNone;
};

/// What to do about links at odd depths, which a registry's walk for revisions finds and a scan
/// does not, once there is a place for one: what they name must not be swept.
enum class StrayLinks : std::uint8_t {
  kLeave,
  kRead,         ///< read all again, exact for names
  kReadExactly,  ///< and with the sizes of all that is found
};

struct SurveyOptions {
  bool read_layer_links = false;  ///< see storage::ScanOptions
  bool exact = false;             ///< visit every inode; stray files in every directory are found
  bool names_only = false;        ///< with exact: find stray names, but do not size them
  StrayLinks stray_links = StrayLinks::kLeave;
  int attempts = 3;  ///< how often to start again when the store changes meanwhile
  std::vector<storage::Digest> pinned = {};  ///< in use somewhere: see Survey::pinned
  storage::Interrupted interrupted = {};     ///< ends the reading early: see Survey::interrupted
};

/// Everything that was read of a store, interned. Repositories are sorted by name, and everything
/// in them by text: the same store gives the same survey, whatever the number of threads.
struct Survey {
  Graph graph;
  std::vector<Repository> repositories;
  std::vector<Upload> uploads;         ///< by repository, then id
  std::vector<storage::Event> events;  ///< by path, each once, but for strays
  Strays stray_files;
  Strays stray_directories;
  std::vector<std::uint32_t> walk_order;  ///< rows of repositories as a registry's walk meets them
  std::vector<storage::WalkEntry> walk;   ///< what else steers that walk, in its order
  std::vector<StrayLink> stray_links;     ///< by repository and path
  /// Among the revisions is a file `link` where no registry writes one, or a directory that may
  /// hold one: a registry's walk takes it for a revision, and only a complete walk reads it.
  /// Directories beside a revision's own link are not seen: that would be a listing for each.
  bool may_have_stray_links = false;
  /// What a user says is in use, as in a cluster, sorted: roots of every safe mark, whatever links
  /// to them. A document among them that no tag or revision leads to was read with what it needs,
  /// whatever its type, or the survey says why not.
  std::vector<DigestId> pinned;
  storage::Inventory inventory;  ///< of all, or of what lies beside the scan
  bool exact = false;
  storage::ClassTotal sampled_links;        ///< a few links, whose average stands for all
  storage::ClassTotal sampled_directories;  ///< and their directories
  std::int64_t began_nanoseconds = 0;       ///< wall clock when the scan began
  bool has_blobs = false;                   ///< there is a `blobs` directory
  bool has_repositories = false;            ///< there is a `repositories` directory
  bool changed = false;                     ///< the store was written to meanwhile
  bool interrupted = false;                 ///< the user ended the reading before all was looked at
  bool complete = true;                     ///< everything could be read
  std::vector<std::pair<DigestId, std::pair<std::uint64_t, std::uint64_t>>> hard_links;
  ///< blob → device, inode; sorted
};

/// Reads the whole store. Never fails: what could not be read is an event, and then `complete` is
/// false. Runs in the caller's TBB arena.
Survey survey(const storage::Store& store, const SurveyOptions& options);

/// The row of a repository or of a tag by its name, or nothing.
std::optional<std::uint32_t> find_repository(const Survey& survey, std::string_view name);
std::optional<std::uint32_t> find_tag(const Repository& repository, std::string_view name);

/// The links of a repository at depths where no registry writes one, by path.
std::span<const StrayLink> stray_links_of(const Survey& survey, std::string_view repository);

/// Compares paths component by component: '/' sorts before everything else, as a walk does.
bool walk_less(std::string_view a, std::string_view b) noexcept;

}  // namespace regsweep::analyzer
