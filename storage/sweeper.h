#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/digest.h"
#include "storage/directory.h"
#include "storage/result.h"

namespace regsweep::storage {

/// What an object was when it was judged: it is removed only while it still is that.
struct Identity {
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_nanoseconds = 0;  ///< since 1970
  bool operator==(const Identity&) const = default;
};

inline Identity identity_of(const FileFacts& facts) noexcept {
  return {facts.inode, facts.size_bytes, facts.mtime_nanoseconds};
}

/// What kind of thing goes. The order is the order of removal: a crash between two kinds leaves
/// garbage, never a link to nothing.
enum class RemovalClass : std::uint8_t {
  kTag,             ///< repositories/<name>/_manifests/tags/<tag>
  kTagIndexEntry,   ///< repositories/<name>/_manifests/tags/<tag>/index/<alg>/<hex>
  kRevision,        ///< repositories/<name>/_manifests/revisions/<alg>/<hex>
  kLayerLink,       ///< repositories/<name>/_layers/<alg>/<hex>
  kUpload,          ///< repositories/<name>/_uploads/<uuid>
  kTemporaryFile,   ///< any "*.tmp" outside uploads
  kBlob,            ///< blobs/<alg>/<xx>/<hex>
  kEmptyDirectory,  ///< removed only if it is empty at that moment
};
inline constexpr std::size_t kRemovalClasses = 8;

/// One thing to remove: a file, or a directory with all below.
struct Removal {
  RemovalClass removal_class = RemovalClass::kBlob;
  std::string path;  ///< below the v2 directory
  /// Of a blob's `data`, a link directory's `link`, a tag's `current/link`, or of the thing itself.
  Identity identity;
  std::uint64_t apparent_bytes = 0;
  std::uint64_t allocated_bytes = 0;
  std::string reason;  ///< for the user
};

/// What became of a removal.
enum class Removed : std::uint8_t {
  kDone,
  kAlreadyGone,  ///< an earlier, interrupted apply did it
};

/// What kind of file a repair or a recovery puts into a store. The order is the order of placing:
/// what is referred to comes before what refers to it, and a tag's current link last, as a
/// registry's push does it.
enum class AdditionClass : std::uint8_t {
  kBlobData,       ///< blobs/<alg>/<xx>/<hex>/data
  kLayerLink,      ///< repositories/<name>/_layers/<alg>/<hex>/link
  kRevisionLink,   ///< repositories/<name>/_manifests/revisions/<alg>/<hex>/link
  kTagIndexLink,   ///< repositories/<name>/_manifests/tags/<tag>/index/<alg>/<hex>/link
  kTagCurrentLink  ///< repositories/<name>/_manifests/tags/<tag>/current/link
};
inline constexpr std::size_t kAdditionClasses = 5;

/// One file to add. Nothing may stand at its path: what is damaged is moved to quarantine before.
struct Addition {
  AdditionClass addition_class = AdditionClass::kBlobData;
  std::string path;    ///< of the file, below the v2 directory
  Digest digest;       ///< the blob's, which its bytes must have; or what the link shall hold
  std::string source;  ///< of a blob: an absolute path to a regular file with its bytes
  std::string reason;  ///< for the user
};

/// The only type that changes a store. Whoever has one holds the store's lock, so that two never
/// work at once. Every path is resolved below the v2 directory without following symbolic links,
/// and must have the shape of its class: nothing else can be named. Safe from many threads.
class Sweeper {
 public:
  virtual ~Sweeper() = default;

  /// The identity by which a removal is judged: lstat of `<path>/data` for blobs, of `<path>/link`
  /// for links, of `<path>/current/link` for tags (of the directory if it has none: not compared,
  /// as such a tag means nothing), of the thing itself else. kNotFound if it is gone. kCorrupt: the
  /// path has not the shape of its class (also "..", an absolute path, an empty component).
  virtual Result<Identity> identify(RemovalClass removal_class, const std::string& path) const = 0;

  /// Deletes it at once; needs no free byte and no free inode. kChanged: its identity is another by
  /// now, and nothing was done. kNotFound never: that is kAlreadyGone. What an interrupted removal
  /// left of an object (no `data`, `link` or `startedat`) is removed too. Of an empty directory
  /// only the inode is compared, since removing what lay in it changed its time; one that is
  /// removed while a quarantine run is open goes into the journal, so that undo makes it again.
  /// Cost: five system calls for a blob or link; nothing is shared between threads.
  virtual Result<Removed> remove(const Removal& removal) = 0;

  /// Starts a quarantine run in `<root>/.regsweep-quarantine/<run id>` with its journal, on the
  /// same file system. Errors: kIo (also no space), kDenied, kUnsupported (another file system).
  virtual Status begin_quarantine() = 0;

  /// Moves things there by rename: first all of them go into the journal, which is synced, then
  /// they move. Stops at the first that fails; `done` says what became of each before it, in order.
  /// kChanged as for remove(). kUnsupported: it lies on another file system or mount. Empty
  /// directories are removed instead, and made again by undo.
  virtual Status quarantine(const std::vector<Removal>& batch, std::vector<Removed>& done) = 0;

  /// Writes what is to be added into the open quarantine run, where no registry sees it: links with
  /// their digest, blobs copied from their source and hashed on the way. The journal names each
  /// before it is written, and all is synced when this returns. Stops at the first that fails, of
  /// which nothing stays; `staged` says how many are there. kCorrupt: a path has not the shape of
  /// its class, a link's path does not name its digest, or a source has not the digest; kNotFound,
  /// kDenied, kIo (also no space): a source or the run. Needs as much free space as the files take.
  virtual Status stage(const std::vector<Addition>& batch, std::size_t& staged) = 0;

  /// Puts what was staged in its place, in the order of staging, by a rename that replaces nothing;
  /// makes missing directories, with owner and mode after the nearest directory above that was
  /// there (files: its mode without the executable bits). The journal names each directory before
  /// it is made. `placed` says how many of all that this run staged are in place. kChanged:
  /// something stands there already, and it was left alone. Undo takes away again what was placed
  /// and still is that very file.
  virtual Status place(std::size_t& placed) = 0;

  /// Makes the renames durable and closes the journal, with a final record if all that was to be
  /// done is done: a run without one was cut off.
  virtual Status end_quarantine(bool finished) = 0;

  /// The run's id, empty if none was begun.
  virtual std::string run_id() const = 0;

  /// Removes a file or a directory with all below, as a registry's storage driver does: no
  /// identity, no shape but "below v2, no symbolic link on the way". kNotFound if it is not there.
  /// Source: distribution registry/storage/driver/filesystem/driver.go, Delete.
  virtual Status delete_tree(const std::string& path) = 0;

  /// Whether a path is there, as the driver's Stat.
  virtual Result<bool> exists(const std::string& path) const = 0;
};

/// Opens a store for changing and takes its lock (flock on the v2 directory: no file is made).
/// kDenied: another regsweep holds it, or no permission; kUnsupported: a read-only mount.
Result<std::unique_ptr<Sweeper>> open_sweeper(const std::string& root, const std::string& v2);

/// One earlier apply whose content is in quarantine.
struct QuarantineRun {
  std::string id;  ///< sorts by time
  std::int64_t started_seconds = 0;
  std::uint64_t objects = 0;          ///< still in quarantine
  std::uint64_t allocated_bytes = 0;  ///< as the journal says
  bool finished = false;              ///< the apply came to its end
  std::string problem;                ///< why it cannot be undone as it is, empty if it can
};

/// What undo or purge did.
struct QuarantineOutcome {
  std::uint64_t objects = 0;     ///< moved back, or deleted
  std::uint64_t taken_away = 0;  ///< files that the run had added
  std::uint64_t allocated_bytes = 0;
  std::vector<std::string> skipped;  ///< paths whose place is taken by something newer
};

/// The quarantine of a store, under the same lock as a Sweeper.
class Quarantine {
 public:
  virtual ~Quarantine() = default;
  /// By time, oldest first.
  virtual Result<std::vector<QuarantineRun>> runs() const = 0;
  /// Puts everything of a run back: blobs first, tag entries last, with modes and times, also the
  /// times of the directories it was taken from; of several runs the newest goes first, or these
  /// times are those between the runs. Can be repeated after an interruption. kCorrupt: the journal
  /// is damaged or does not name all that lies there; nothing was touched.
  virtual Result<QuarantineOutcome> undo(const std::string& run_id) = 0;
  /// Deletes a run for good.
  virtual Result<QuarantineOutcome> purge(const std::string& run_id) = 0;
};

/// Opens it; same errors as open_sweeper(). A store without quarantine has no runs.
Result<std::unique_ptr<Quarantine>> open_quarantine(const std::string& root, const std::string& v2);

}  // namespace regsweep::storage
