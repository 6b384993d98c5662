#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/blob_reader.h"
#include "storage/device.h"
#include "storage/digest.h"
#include "storage/directory.h"
#include "storage/result.h"
#include "storage/saturating.h"
#include "storage/scan_progress.h"

namespace regsweep::storage {

/// A blob's `data` file as a scan met it.
struct BlobEntry {
  Digest digest;
  FileFacts facts;  ///< type is kRegular, or what stands in its place
};

/// What stands at a link's place.
enum class LinkState : std::uint8_t {
  kRead,        ///< holds a digest
  kNotRead,     ///< there and of the right size, but this scan does not read such links
  kMalformed,   ///< read, but no digest: empty, garbled, with a newline, too long
  kAbsent,      ///< its directory is there, the link is not
  kNotAFile,    ///< a directory, device or symbolic link; never followed
  kUnreadable,  ///< there, but the system would not give it: it may name anything
};

/// A link file. The content is the identity for a registry; the path may disagree.
struct LinkContent {
  LinkState state = LinkState::kAbsent;
  DigestError error = DigestError::kNone;  ///< set if malformed
  std::uint32_t size_bytes = 0;
  Digest digest;  ///< set if read
};

/// A revision or layer link: the digest its path names and what it holds.
struct LinkEntry {
  Digest path;
  LinkContent content;
};

/// A name in `_manifests/tags`.
struct TagEntry {
  std::string name;
  bool is_directory = true;  ///< false: a stray file, at which `-m` aborts
  LinkContent current;
  std::uint32_t index_entries = 0;  ///< digests the tag ever meant, as far as counted
  bool index_counted = false;
  std::int64_t pushed_seconds = 0;  ///< mtime of `current/link`, since 1970; 0 if it was not read
};

/// A directory of `_uploads`: an unfinished push.
struct UploadEntry {
  std::string id;
  std::int64_t started_at_seconds = 0;  ///< from `startedat`, else the directory's mtime
  std::int64_t touched_at_seconds = 0;  ///< the newest mtime in it
  std::uint64_t files = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t allocated_bytes = 0;
};

/// A directory below `repositories` that holds a registry's marker directories.
struct RepositoryEntry {
  std::string name;
  bool has_layers = false;
  bool has_manifests = false;
  bool has_revisions = false;
  bool has_tags = false;
  bool has_uploads = false;
};

/// Something a scan met that is no ordinary part of a store.
enum class EventKind : std::uint8_t {
  kUnreadable,       ///< could not be listed or read: what it holds is unknown
  kVanished,         ///< was listed, then gone: the store is being changed
  kSymlink,          ///< never followed
  kSpecialFile,      ///< device, FIFO or socket
  kStrayFile,        ///< a file no registry writes there
  kStrayDirectory,   ///< a directory no registry writes there
  kTemporaryFile,    ///< "*.tmp": left by a crash of registry 3.1+
  kBlobWithoutData,  ///< a blob's directory without its `data`
  kEmptyDirectory,
  kOddLink,  ///< a file `link` at a depth where a registry reads it all the same
  kOddData,  ///< a file `data` at a depth where a registry takes it for a blob
};

struct Event {
  EventKind kind = EventKind::kStrayFile;
  std::string path;     ///< below the v2 directory
  FileFacts facts;      ///< where known
  std::string message;  ///< the system's words, for kUnreadable; the content, for kOddLink
};

/// A name that steers the registry's walk over `repositories` beside the markers of repositories: a
/// file whose name begins with '_' hides its later siblings from registry 2.8, and what is named as
/// a marker is taken for one wherever it stands.
struct WalkEntry {
  std::string path;  ///< below `repositories`
  bool is_directory = true;
};

/// Where a scan puts what it sees. Every function is called from many threads.
class ScanVisitor {
 public:
  virtual ~ScanVisitor() = default;
  /// Blobs of one directory of blobs; a directory's batches come from one thread, in no order.
  virtual void blobs(std::span<const BlobEntry> batch) = 0;
  /// Announces a repository before anything in it. Returns the number for later calls.
  virtual std::uint32_t repository(RepositoryEntry entry) = 0;
  virtual void revisions(std::uint32_t repository, std::span<const LinkEntry> batch) = 0;
  virtual void layer_links(std::uint32_t repository, std::span<const LinkEntry> batch) = 0;
  virtual void tags(std::uint32_t repository, std::span<TagEntry> batch) = 0;
  virtual void upload(std::uint32_t repository, UploadEntry entry) = 0;
  virtual void walk_entry(WalkEntry entry) = 0;
  virtual void event(Event event) = 0;
  /// Facts of one in a few hundred links, or of their directories, for estimating the others.
  virtual void sample(const FileFacts& link_or_directory) = 0;
};

/// Asked between two looks at the store, from any thread. Once it says true, a scan ends early and
/// reports nothing of what it did not look at; whoever gave it knows. An empty one never does.
class Interrupted {
 public:
  Interrupted() = default;
  template <class Ask>
  requires std::predicate<const Ask&> Interrupted(Ask ask)
      : ask_(std::move(ask)) {}  // NOLINT: what may be asked is one

  bool operator()() const { return ask_ && ask_(); }

 private:
  std::function<bool()> ask_;
};

struct ScanOptions {
  /// Reads every layer link. Without it a link of the right size below `_layers/sha256` counts as
  /// naming its path, which saves two system calls a link.
  bool read_layer_links = false;
  /// Reports strays and empty directories that the scan meets on its way.
  bool report_strays = true;
  Interrupted interrupted = {};
};

/// A file of any kind below the root, as a complete walk meets it.
enum class FileClass : std::uint8_t {
  kBlobData,  ///< blobs/<alg>/xx/<hex>/data
  kLink,      ///< revision, layer, tag links
  kDirectory,
  kUpload,      ///< a file below _uploads
  kTemporary,   ///< "*.tmp" outside of uploads
  kQuarantine,  ///< files that an apply moved away
  kOther,
};

/// Objects and bytes of one class. Hard links are counted once. Sums saturate.
struct ClassTotal {
  std::uint64_t objects = 0;
  std::uint64_t apparent_bytes = 0;
  std::uint64_t allocated_bytes = 0;

  void add(const FileFacts& facts) noexcept {
    ++objects;
    apparent_bytes = saturating_add(apparent_bytes, facts.size_bytes);
    allocated_bytes = saturating_add(allocated_bytes, facts.allocated_bytes);
  }
  ClassTotal& operator+=(const ClassTotal& other) noexcept {
    objects += other.objects;
    apparent_bytes = saturating_add(apparent_bytes, other.apparent_bytes);
    allocated_bytes = saturating_add(allocated_bytes, other.allocated_bytes);
    return *this;
  }
};

/// Result of a complete walk: `du` of the root, by class.
struct Inventory {
  ClassTotal of[static_cast<std::size_t>(FileClass::kOther) + 1];
  ClassTotal& operator[](FileClass c) noexcept { return of[static_cast<std::size_t>(c)]; }
  const ClassTotal& operator[](FileClass c) const noexcept {
    return of[static_cast<std::size_t>(c)];
  }
};

struct InventoryOptions {
  bool skip_scanned = true;  ///< leave out `blobs` and `repositories`, which a scan covers
  bool stat = true;          ///< without it only names are looked at: events, no sizes
  Interrupted interrupted = {};
};

/// Disk figures of the file system below the root, as `df` gives them. Bytes and inodes.
struct DiskFigures {
  std::uint64_t size_bytes = 0;
  std::uint64_t free_bytes = 0;       ///< df: size − used
  std::uint64_t available_bytes = 0;  ///< what a user without privileges may still write
  std::uint64_t inodes = 0;
  std::uint64_t free_inodes = 0;
};

/// How a blob is read whole into memory.
struct BlobReading {
  std::size_t limit_bytes;           ///< a longer one is not: no layer is ever slurped
  std::size_t padding_bytes = 0;     ///< kept behind the content
  std::uint64_t expected_bytes = 0;  ///< what a scan saw, 0: unknown; spares looks at the file
};

/// All that analysis may ask of a store. Nothing here can change one: what removes is another type,
/// which only `apply` holds. Every function is safe from many threads.
class Store {
 public:
  virtual ~Store() = default;

  /// Visits every blob. Runs in the caller's TBB arena and returns when all is visited; what could
  /// not be read is an event. kNotFound: there is no `blobs` directory.
  virtual Status scan_blobs(ScanVisitor& visitor, const ScanOptions& options) const = 0;

  /// Visits every repository with its links, tags and uploads. kNotFound: no `repositories`.
  virtual Status scan_repositories(ScanVisitor& visitor, const ScanOptions& options) const = 0;

  /// Visits every inode below the root, once. Strays become events.
  virtual Inventory take_inventory(ScanVisitor& visitor, const InventoryOptions& options) const = 0;

  /// Facts of a blob's `data`. kNotFound: known absent.
  virtual Result<FileFacts> stat_blob(const Digest& digest) const = 0;

  /// Opens a blob's `data` to read it whole. kNotFound: known absent; kCorrupt: not a regular file.
  virtual Result<std::unique_ptr<BlobReader>> open_blob(const Digest& digest,
                                                        Freshness freshness) const = 0;

  /// Reads a whole blob into `buffer`, which grows as needed. kCorrupt: longer than its limit.
  virtual Result<std::string_view> read_blob(const Digest& digest, std::vector<char>& buffer,
                                             const BlobReading& how) const = 0;

  /// lstat of a path below v2. kNotFound: known absent.
  virtual Result<FileFacts> stat_path(const std::string& path) const = 0;

  /// Names in a directory below v2, sorted.
  virtual Result<std::vector<std::string>> list_path(const std::string& path) const = 0;

  virtual Result<DiskFigures> disk() const = 0;

  /// What the blobs lie on.
  virtual DeviceKind device() const = 0;

  /// What the scan that runs has met so far.
  virtual const ScanProgress& progress() const noexcept = 0;
};

/// Opens a store of the directory layout for reading. `root` is what holds `v2`, and equals it for
/// a bare tree. Both are absolute paths.
Result<std::unique_ptr<Store>> open_directory_store(const std::string& root, const std::string& v2);

}  // namespace regsweep::storage
