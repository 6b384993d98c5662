#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "storage/digest.h"
#include "storage/directory.h"
#include "storage/result.h"
#include "storage/sweeper.h"
#include "storage/unique_fd.h"

namespace regsweep::storage {

/// In a run's directory.
inline constexpr const char* kJournalFile = "journal";

// The journal of a quarantine run: text, only ever appended to, one record a line:
//
//   <16 hex digits> <n> TAB <kind> TAB <field> TAB ... LF
//
// The digits begin the SHA-256 of all behind the blank up to LF; n counts lines from 0, so that a
// line that is missing or moved shows. Bytes of paths below 0x20 or above 0x7e, and '\', are
// written \xHH: names need not be UTF-8. Times are nanoseconds since 1970, modes octal, other
// numbers decimal.
//
//   begin      1 (format) | v2 directory | time | mtime of the root before the run
//   directory  path | mtime | mode | uid | gid      as it was before the run's first change to it
//   move       object | class | path | inode | size | mtime | apparent bytes | allocated bytes
//   rmdir      path                 it was empty; its directory record makes it again
//   stage      object | class | path | digest       a file to add; it is written into `objects`
//   mkdir      path                 a directory that was not there and is made for an addition
//   place      object | inode | size | mtime        a staged file, whole; it moves to its path
//   end        time                 the apply came to its end
//   restored   object               by an undo that had to leave others
//
// Moved and staged objects are numbered together, ascending. Whatever a record announces is done
// only after the record is synced: a batch of moves is written at once, and then its objects move;
// staged files are named, then written; places and directories are named, then taken. After a crash
// the journal may hence name what never happened, and its last line may be torn; an object that it
// does not name cannot be there, and a staged file that lies at its path has a place record, by
// which undo knows it.
//
// The records of additions came later, in the same format: a regsweep that does not know them finds
// a record of an unknown kind, or an object that the journal does not name, and leaves the run
// alone.

struct BeginRecord {
  std::string v2;
  std::int64_t time_nanoseconds = 0;
  std::int64_t root_mtime_nanoseconds = 0;
};
struct DirectoryRecord {
  std::string path;  ///< below v2, empty for v2 itself
  std::int64_t mtime_nanoseconds = 0;
  std::uint32_t mode = 0;  ///< permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
struct MoveRecord {
  std::uint64_t object = 0;  ///< its name in the run's `objects`
  RemovalClass removal_class = RemovalClass::kBlob;
  std::string path;
  Identity identity;
  std::uint64_t apparent_bytes = 0;
  std::uint64_t allocated_bytes = 0;
};
struct RmdirRecord {
  std::string path;
};
struct StageRecord {
  std::uint64_t object = 0;  ///< its name in the run's `objects`
  AdditionClass addition_class = AdditionClass::kBlobData;
  std::string path;
  Digest digest;
};
struct MkdirRecord {
  std::string path;
};
struct PlaceRecord {
  std::uint64_t object = 0;
  Identity identity;
};
struct EndRecord {
  std::int64_t time_nanoseconds = 0;
};
struct RestoredRecord {
  std::uint64_t object = 0;
};
using JournalRecord =
    std::variant<BeginRecord, DirectoryRecord, MoveRecord, RmdirRecord, StageRecord, MkdirRecord,
                 PlaceRecord, EndRecord, RestoredRecord>;

/// The line of a record, with its LF.
std::string encode_record(std::uint64_t line_number, const JournalRecord& record);

/// Reads a line without its LF. kCorrupt: checksum, line number or fields are wrong; kUnsupported:
/// a begin record of a later format.
Result<JournalRecord> decode_record(std::uint64_t line_number, std::string_view line);

/// What a journal holds, every line checked.
struct JournalContents {
  std::optional<BeginRecord> begin;
  std::vector<DirectoryRecord> directories;
  std::vector<MoveRecord> moves;
  std::vector<RmdirRecord> rmdirs;
  std::vector<StageRecord> stages;
  std::vector<MkdirRecord> mkdirs;
  std::vector<PlaceRecord> places;
  std::unordered_set<std::uint64_t> restored;
  bool finished = false;         ///< has an end record
  std::uint64_t lines = 0;       ///< good ones
  std::uint64_t good_bytes = 0;  ///< up to the end of the last good line
  std::uint64_t next_object = 0;
  bool is_ordered = true;  ///< objects are numbered in order, and placed only once staged
};

/// The record of an object, null if the journal has none. Cost: a binary search.
const MoveRecord* find_move(const JournalContents& journal, std::uint64_t object) noexcept;
const StageRecord* find_stage(const JournalContents& journal, std::uint64_t object) noexcept;

/// Reads a run's journal. A bad last line is no error: a crash tore it, and it counts as not there.
/// kNotFound: no journal; kCorrupt: a bad line with others behind it. One that is empty was cut off
/// before it began. Memory: about 300 bytes an object.
Result<JournalContents> read_journal(const Directory& run);

/// Appends to a journal.
class JournalWriter {
 public:
  /// Makes a new journal in a run's directory. kIo if there is one already.
  static Result<JournalWriter> create(const Directory& run);

  /// Goes on with one that was read; cuts off a torn last line first.
  static Result<JournalWriter> resume(const Directory& run, const JournalContents& contents);

  /// Notes a record; nothing is written yet.
  void add(const JournalRecord& record);

  /// Writes what was noted, with one write, and syncs if asked. If it fails, the journal is cut
  /// back to what it was and the noted records are forgotten.
  Status flush(bool sync);

 private:
  explicit JournalWriter(UniqueFd file) : file_(std::move(file)) {}
  Status cut_back(int error_number);

  UniqueFd file_;
  std::string pending_;
  std::uint64_t next_line_ = 0;
  std::uint64_t written_lines_ = 0;
  std::uint64_t written_bytes_ = 0;
  bool broken_ = false;  ///< could not be cut back: a torn line may stand at its end
};

}  // namespace regsweep::storage
