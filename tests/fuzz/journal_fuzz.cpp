// Journals of quarantine runs. The input's lines are records without what stands in front of them:
// checksum and number are put there, since no mutation finds them, unless the first byte is '!':
// then the rest is the file as it is. Checked:
// - each record that is accepted is written and read back the same, and names nothing outside the
//   store: its path has the shape of its class, and a directory lies inside;
// - every prefix of a journal that is read is read, too, as the journal's first lines: a torn one
//   counts as not there;
// - a writer goes on behind a torn line: what it adds is there, and what was, stays;
// - a whole run with that journal is read, or refused with a reason, and of its two objects each is
//   named.
#include <fmt/format.h>

#include <filesystem>

#include "storage/addition_shape.h"
#include "storage/content_hash.h"
#include "storage/journal.h"
#include "storage/quarantine_run.h"
#include "storage/sweeper_shape.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using storage::Errc;
using storage::JournalContents;
using storage::JournalRecord;
using storage::Result;

constexpr std::size_t kMostLines = 60;

/// A line as the journal's format has it.
std::string sealed(std::uint64_t number, std::string_view record) {
  std::string text = std::to_string(number) + '\t' + std::string(record);
  storage::ContentHash hash;
  hash.begin(storage::Algorithm::kSha256);
  hash.add(text);
  return hash.finish().hex().substr(0, 16) + ' ' + text;
}

struct Inside {
  void operator()(const storage::BeginRecord&) const {}
  void operator()(const storage::DirectoryRecord& r) const {
    REGSWEEP_HOLDS(r.path.empty() || storage::is_safe_path(r.path), shown(r.path));
  }
  void operator()(const storage::MoveRecord& r) const {
    REGSWEEP_HOLDS(has_shape(r.removal_class, r.path), shown(r.path));
    REGSWEEP_HOLDS(storage::is_safe_path(r.path), shown(r.path));
  }
  void operator()(const storage::RmdirRecord& r) const {
    REGSWEEP_HOLDS(has_shape(storage::RemovalClass::kEmptyDirectory, r.path), shown(r.path));
  }
  void operator()(const storage::StageRecord& r) const {
    REGSWEEP_HOLDS(has_addition_shape(r.addition_class, r.path, r.digest), shown(r.path));
    REGSWEEP_HOLDS(storage::is_safe_path(r.path), shown(r.path));
  }
  void operator()(const storage::MkdirRecord& r) const {
    REGSWEEP_HOLDS(storage::has_made_directory_shape(r.path), shown(r.path));
    REGSWEEP_HOLDS(storage::is_safe_path(r.path), shown(r.path));
  }
  void operator()(const storage::PlaceRecord&) const {}
  void operator()(const storage::EndRecord&) const {}
  void operator()(const storage::RestoredRecord&) const {}
};

void check_record(std::uint64_t number, const std::string& line) {
  const Result<JournalRecord> record = storage::decode_record(number, line);
  if (!record) {
    const Errc code = record.error().code;
    REGSWEEP_HOLDS(code == Errc::kCorrupt || code == Errc::kUnsupported, shown(line));
    return;
  }
  std::visit(Inside(), *record);
  const std::string once = storage::encode_record(number, *record);
  REGSWEEP_HOLDS(once.back() == '\n', shown(once));
  const Result<JournalRecord> again =
      storage::decode_record(number, std::string_view(once).substr(0, once.size() - 1));
  REGSWEEP_HOLDS(static_cast<bool>(again), shown(line));
  REGSWEEP_HOLDS(again->index() == record->index(), shown(line));
  REGSWEEP_HOLDS(storage::encode_record(number, *again) == once, shown(line));
  REGSWEEP_HOLDS(!storage::decode_record(number + 1, line), shown(line));
}

std::size_t records_in(const JournalContents& c) {
  return (c.begin ? 1u : 0u) + c.directories.size() + c.moves.size() + c.rmdirs.size() +
         c.stages.size() + c.mkdirs.size() + c.places.size() + c.restored.size() +
         (c.finished ? 1u : 0u);
}

void check_contents(const JournalContents& contents, std::size_t file_bytes) {
  REGSWEEP_HOLDS(contents.good_bytes <= file_bytes, std::to_string(contents.good_bytes));
  REGSWEEP_HOLDS(records_in(contents) <= contents.lines, std::to_string(contents.lines));
  REGSWEEP_HOLDS(contents.begin.has_value() == (contents.lines != 0), "begin");
  if (!contents.is_ordered) return;
  for (const storage::MoveRecord& move : contents.moves) {
    REGSWEEP_HOLDS(find_move(contents, move.object) == &move, std::to_string(move.object));
    REGSWEEP_HOLDS(find_stage(contents, move.object) == nullptr, std::to_string(move.object));
  }
  for (const storage::StageRecord& stage : contents.stages) {
    REGSWEEP_HOLDS(find_stage(contents, stage.object) == &stage, std::to_string(stage.object));
  }
  for (const storage::PlaceRecord& place : contents.places) {
    REGSWEEP_HOLDS(find_stage(contents, place.object) != nullptr, std::to_string(place.object));
  }
}

/// `whole` was read from `file`; a prefix of it is in the run's directory now.
void check_prefix(const storage::Directory& run, const std::string& file, std::size_t length,
                  const JournalContents& whole) {
  put("run/journal", std::string_view(file).substr(0, length));
  const Result<JournalContents> part = storage::read_journal(run);
  const std::string where = fmt::format("{} of {} bytes", length, file.size());
  REGSWEEP_HOLDS(static_cast<bool>(part), where + ": " + part.error().message);
  check_contents(*part, length);
  REGSWEEP_HOLDS(part->lines <= whole.lines && part->good_bytes <= whole.good_bytes, where);
  REGSWEEP_HOLDS(length < whole.good_bytes || part->lines == whole.lines, where);
  REGSWEEP_HOLDS(part->moves.size() <= whole.moves.size(), where);

  auto writer = storage::JournalWriter::resume(run, *part);
  REGSWEEP_HOLDS(static_cast<bool>(writer), where);
  if (part->lines == 0) {
    writer->add(storage::BeginRecord{"/v2", 1, 2});
  } else {
    writer->add(storage::RestoredRecord{77});
  }
  REGSWEEP_HOLDS(static_cast<bool>(writer->flush(false)), where);
  const Result<JournalContents> more = storage::read_journal(run);
  REGSWEEP_HOLDS(more && more->lines == part->lines + 1, where);
  REGSWEEP_HOLDS(more->moves.size() == part->moves.size(), where);
}

void check_run(const storage::Directory& run) {
  const Result<storage::RunContents> contents = storage::read_run(run);
  if (!contents) {
    REGSWEEP_HOLDS(!contents.error().message.empty(), "no reason");
    return;
  }
  REGSWEEP_HOLDS(contents->present.size() + contents->staged.size() == 2, "objects");
}

/// The file; each of its lines has been checked by itself.
std::string journal_from(std::string_view input) {
  if (input.starts_with('!')) return std::string(input.substr(1));
  std::string file;
  std::uint64_t number = 0;
  for (Pieces lines(input); !lines.at_end() && number < kMostLines; ++number) {
    const std::string line = sealed(number, lines.line());
    check_record(number, line);
    file += line + '\n';
  }
  if (!input.ends_with('\n') && !file.empty()) file.pop_back();  // torn
  return file;
}

}  // namespace

REGSWEEP_FUZZER(journal) {
  static const auto run = [] {
    std::filesystem::create_directories(scratch() + "/run/objects");
    put("run/objects/0", "moved");
    put("run/objects/3", "moved");
    return storage::Directory::open_path(scratch() + "/run");
  }();
  const std::string file = journal_from(input);
  put("run/journal", file);
  check_run(*run);
  const Result<JournalContents> whole = storage::read_journal(*run);
  if (!whole) {
    REGSWEEP_HOLDS(!whole.error().message.empty(), "no reason");
    return;
  }
  check_contents(*whole, file.size());
  // Three places: at the file's end, and two that the input's length chooses.
  check_prefix(*run, file, file.size(), *whole);
  if (file.empty()) return;
  check_prefix(*run, file, file.size() - 1, *whole);
  check_prefix(*run, file, input.size() * 7919 % file.size(), *whole);
}

}  // namespace regsweep::fuzz
