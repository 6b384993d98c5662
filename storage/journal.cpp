#include "storage/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "storage/addition_shape.h"
#include "storage/beneath.h"
#include "storage/content_hash.h"
#include "storage/retried.h"
#include "storage/sweeper_shape.h"

namespace regsweep::storage {
namespace {

constexpr std::string_view kFormat = "1";
constexpr std::size_t kChecksumDigits = 16;
/// A path has 4096 bytes at most, and each may take four in a line.
constexpr std::size_t kLongestLine = 64 * 1024;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::string_view kHex = "0123456789abcdef";

std::string checksum(std::string_view text) {
  ContentHash stream;
  stream.begin(Algorithm::kSha256);
  stream.add(text);
  return stream.finish().hex().substr(0, kChecksumDigits);
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '\\') {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

bool unescape(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (i + 3 >= text.size() || text[i + 1] != 'x') return false;
    const std::size_t high = kHex.find(text[i + 2]);
    const std::size_t low = kHex.find(text[i + 3]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    out += static_cast<char>(high << 4 | low);
    i += 3;
  }
  return true;
}

/// Puts the fields of a record behind its kind.
class Fields {
 public:
  explicit Fields(std::string& out) : out_(out) {}
  Fields& text(std::string_view field) {
    out_ += '\t';
    append_escaped(out_, field);
    return *this;
  }
  template <class Number>
  Fields& number(Number value, int base = 10) {
    std::array<char, 24> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base).ptr;
    out_ += '\t';
    out_.append(buffer.data(), end);
    return *this;
  }

 private:
  std::string& out_;
};

struct Encoder {
  std::string& out;

  Fields kind(std::string_view name) const {
    out += name;
    return Fields(out);
  }
  void operator()(const BeginRecord& r) const {
    kind("begin")
        .text(kFormat)
        .text(r.v2)
        .number(r.time_nanoseconds)
        .number(r.root_mtime_nanoseconds);
  }
  void operator()(const DirectoryRecord& r) const {
    kind("directory")
        .text(r.path)
        .number(r.mtime_nanoseconds)
        .number(r.mode, 8)
        .number(r.uid)
        .number(r.gid);
  }
  void operator()(const MoveRecord& r) const {
    kind("move")
        .number(r.object)
        .text(class_name(r.removal_class))
        .text(r.path)
        .number(r.identity.inode)
        .number(r.identity.size_bytes)
        .number(r.identity.mtime_nanoseconds)
        .number(r.apparent_bytes)
        .number(r.allocated_bytes);
  }
  void operator()(const RmdirRecord& r) const { kind("rmdir").text(r.path); }
  void operator()(const StageRecord& r) const {
    kind("stage")
        .number(r.object)
        .text(class_name(r.addition_class))
        .text(r.path)
        .text(r.digest.text());
  }
  void operator()(const MkdirRecord& r) const { kind("mkdir").text(r.path); }
  void operator()(const PlaceRecord& r) const {
    kind("place")
        .number(r.object)
        .number(r.identity.inode)
        .number(r.identity.size_bytes)
        .number(r.identity.mtime_nanoseconds);
  }
  void operator()(const EndRecord& r) const { kind("end").number(r.time_nanoseconds); }
  void operator()(const RestoredRecord& r) const { kind("restored").number(r.object); }
};

/// Takes the fields of a line one by one and remembers whether all were good.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  std::string_view raw() {
    if (ended_) good_ = false;
    const std::size_t tab = rest_.find('\t');
    const std::string_view field = rest_.substr(0, tab);
    ended_ = tab == std::string_view::npos;
    rest_ = ended_ ? std::string_view() : rest_.substr(tab + 1);
    return field;
  }
  void text(std::string& out) { good_ = unescape(raw(), out) && good_; }
  template <class Number>
  void number(Number& out, int base = 10) {
    const std::string_view field = raw();
    const char* end = field.data() + field.size();
    const auto [at, error] = std::from_chars(field.data(), end, out, base);
    good_ = good_ && error == std::errc() && at == end;
  }
  template <class Class>
  void class_name(Class& out) {
    good_ = class_of_name(raw(), out) && good_;
  }
  void digest(Digest& out) { good_ = parse_digest(raw(), out) == DigestError::kNone && good_; }
  void identity(Identity& out) {
    number(out.inode);
    number(out.size_bytes);
    number(out.mtime_nanoseconds);
  }
  bool complete() const noexcept { return good_ && ended_; }

 private:
  std::string_view rest_;
  bool ended_ = false;
  bool good_ = true;
};

Error corrupt(std::string message) { return {Errc::kCorrupt, kJournalFile, std::move(message), 0}; }

Error wrong_shape() { return corrupt("names a path that is not of its class"); }

Result<JournalRecord> decode_addition(std::string_view kind, Reader& in) {
  if (kind == "stage") {
    StageRecord r;
    in.number(r.object);
    in.class_name(r.addition_class);
    in.text(r.path);
    in.digest(r.digest);
    if (!has_addition_shape(r.addition_class, r.path, r.digest)) return wrong_shape();
    return JournalRecord(std::move(r));
  }
  if (kind == "mkdir") {
    MkdirRecord r;
    in.text(r.path);
    if (!has_made_directory_shape(r.path)) return wrong_shape();
    return JournalRecord(std::move(r));
  }
  PlaceRecord r;
  in.number(r.object);
  in.identity(r.identity);
  return JournalRecord(r);
}

Result<JournalRecord> decode_fields(std::string_view kind, Reader& in) {
  if (kind == "begin") {
    if (in.raw() != kFormat) {
      return Error{Errc::kUnsupported, kJournalFile, "written by a later version of regsweep", 0};
    }
    BeginRecord r;
    in.text(r.v2);
    in.number(r.time_nanoseconds);
    in.number(r.root_mtime_nanoseconds);
    return JournalRecord(std::move(r));
  }
  if (kind == "directory") {
    DirectoryRecord r;
    in.text(r.path);
    in.number(r.mtime_nanoseconds);
    in.number(r.mode, 8);
    in.number(r.uid);
    in.number(r.gid);
    if (!r.path.empty() && !is_safe_path(r.path)) return corrupt("names a path outside the store");
    return JournalRecord(std::move(r));
  }
  if (kind == "move") {
    MoveRecord r;
    in.number(r.object);
    in.class_name(r.removal_class);
    in.text(r.path);
    in.identity(r.identity);
    in.number(r.apparent_bytes);
    in.number(r.allocated_bytes);
    if (!has_shape(r.removal_class, r.path)) return wrong_shape();
    return JournalRecord(std::move(r));
  }
  if (kind == "rmdir") {
    RmdirRecord r;
    in.text(r.path);
    if (!has_shape(RemovalClass::kEmptyDirectory, r.path)) return wrong_shape();
    return JournalRecord(std::move(r));
  }
  if (kind == "stage" || kind == "mkdir" || kind == "place") return decode_addition(kind, in);
  if (kind == "end") {
    EndRecord r;
    in.number(r.time_nanoseconds);
    return JournalRecord(r);
  }
  if (kind == "restored") {
    RestoredRecord r;
    in.number(r.object);
    return JournalRecord(r);
  }
  return corrupt("has a record of an unknown kind");
}

class Collector {
 public:
  explicit Collector(JournalContents& contents) : contents_(contents) {}
  void operator()(BeginRecord&& r) const { contents_.begin = std::move(r); }
  void operator()(DirectoryRecord&& r) const { contents_.directories.push_back(std::move(r)); }
  void operator()(MoveRecord&& r) const {
    count(r.object);
    contents_.moves.push_back(std::move(r));
  }
  void operator()(RmdirRecord&& r) const { contents_.rmdirs.push_back(std::move(r)); }
  void operator()(StageRecord&& r) const {
    count(r.object);
    contents_.stages.push_back(std::move(r));
  }
  void operator()(MkdirRecord&& r) const { contents_.mkdirs.push_back(std::move(r)); }
  void operator()(PlaceRecord&& r) const {
    if (find_stage(contents_, r.object) == nullptr) contents_.is_ordered = false;
    contents_.places.push_back(r);
  }
  void operator()(EndRecord&&) const { contents_.finished = true; }
  void operator()(RestoredRecord&& r) const { contents_.restored.insert(r.object); }

 private:
  void count(std::uint64_t object) const {
    if (object < contents_.next_object) contents_.is_ordered = false;
    contents_.next_object = object + 1;
  }

  JournalContents& contents_;
};

/// The record of an object among records that are ascending by it.
template <class Record>
const Record* find_object(const std::vector<Record>& records, std::uint64_t object) noexcept {
  const auto at = std::lower_bound(
      records.begin(), records.end(), object,
      [](const Record& record, std::uint64_t number) { return record.object < number; });
  return at != records.end() && at->object == object ? &*at : nullptr;
}

/// Takes in a whole line. kUnsupported ends everything, kCorrupt may still be a torn end.
Status take(std::string_view line, JournalContents& contents) {
  Result<JournalRecord> record = decode_record(contents.lines, line);
  if (!record) return record.error();
  const bool is_begin = std::holds_alternative<BeginRecord>(*record);
  if (is_begin != (contents.lines == 0)) return corrupt("does not begin with its first record");
  std::visit(Collector(contents), std::move(*record));
  ++contents.lines;
  contents.good_bytes += line.size() + 1;
  return kOk;
}

}  // namespace

const MoveRecord* find_move(const JournalContents& journal, std::uint64_t object) noexcept {
  return find_object(journal.moves, object);
}

const StageRecord* find_stage(const JournalContents& journal, std::uint64_t object) noexcept {
  return find_object(journal.stages, object);
}

std::string encode_record(std::uint64_t line_number, const JournalRecord& record) {
  std::string text = std::to_string(line_number);
  text += '\t';
  std::visit(Encoder{text}, record);
  std::string line = checksum(text);
  line += ' ';
  line += text;
  line += '\n';
  return line;
}

Result<JournalRecord> decode_record(std::uint64_t line_number, std::string_view line) {
  const std::string where = "line " + std::to_string(line_number + 1);
  if (line.size() <= kChecksumDigits || line[kChecksumDigits] != ' ') {
    return corrupt(where + " is no record");
  }
  const std::string_view text = line.substr(kChecksumDigits + 1);
  if (checksum(text) != line.substr(0, kChecksumDigits)) {
    return corrupt(where + " does not match its checksum");
  }
  Reader in(text);
  std::uint64_t number = 0;
  in.number(number);
  const std::string_view kind = in.raw();
  Result<JournalRecord> record = decode_fields(kind, in);
  if (!record) {
    Error error = record.error();
    error.message = where + ' ' + error.message;
    return error;
  }
  if (!in.complete()) return corrupt(where + " has not the fields of its kind");
  if (number != line_number) return corrupt(where + " is out of order: lines are missing");
  return record;
}

Result<JournalContents> read_journal(const Directory& run) {
  const UniqueFd file(open_beneath(run.fd(), kJournalFile, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    Error error = system_error(errno, "cannot open");
    error.path = kJournalFile;
    return error;
  }
  JournalContents contents;
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  std::string carried;       // the line that the last buffer ended in
  Status bad = Status(kOk);  // the first line that is not good
  for (;;) {
    const ssize_t got = retried([&] { return ::read(file.get(), buffer.get(), kReadBytes); });
    if (got < 0) return system_error(errno, "cannot read the journal");
    if (got == 0) break;
    if (!bad) return bad.error();  // something follows it: not torn, but damaged
    std::string_view rest(buffer.get(), static_cast<std::size_t>(got));
    while (!rest.empty()) {
      if (!bad) return bad.error();
      const std::size_t end = rest.find('\n');
      carried += rest.substr(0, end);
      if (carried.size() > kLongestLine) return corrupt("has a line longer than any is");
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
      bad = take(carried, contents);
      if (!bad && bad.error().code != Errc::kCorrupt) return bad.error();
      carried.clear();
    }
  }
  return contents;
}

Result<JournalWriter> JournalWriter::create(const Directory& run) {
  const int fd = retried([&] {
    return ::openat(run.fd(), kJournalFile,
                    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  });
  if (fd < 0) return system_error(errno, "cannot make the journal");
  return JournalWriter(UniqueFd(fd));
}

Result<JournalWriter> JournalWriter::resume(const Directory& run, const JournalContents& contents) {
  const int fd = open_beneath(run.fd(), kJournalFile, O_WRONLY | O_APPEND);
  if (fd < 0) return system_error(errno, "cannot open the journal");
  JournalWriter writer((UniqueFd(fd)));
  writer.written_lines_ = writer.next_line_ = contents.lines;
  writer.written_bytes_ = contents.good_bytes;
  const Status cut = writer.cut_back(0);
  if (!cut) return cut.error();
  return writer;
}

void JournalWriter::add(const JournalRecord& record) {
  pending_ += encode_record(next_line_++, record);
}

Status JournalWriter::cut_back(int error_number) {
  const int cut =
      retried([&] { return ::ftruncate(file_.get(), static_cast<off_t>(written_bytes_)); });
  broken_ = cut != 0;
  pending_.clear();
  next_line_ = written_lines_;
  if (error_number != 0) return system_error(error_number, "cannot write the journal");
  if (broken_) return system_error(errno, "cannot cut off the journal's torn last line");
  return kOk;
}

Status JournalWriter::flush(bool sync) {
  if (broken_) return Error{Errc::kIo, kJournalFile, "an earlier write failed: the run is over", 0};
  for (std::string_view rest = pending_; !rest.empty();) {
    const ssize_t put = retried([&] { return ::write(file_.get(), rest.data(), rest.size()); });
    if (put < 0) return cut_back(errno);
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  const int synced = retried([&] { return sync ? ::fdatasync(file_.get()) : 0; });
  if (synced != 0) return cut_back(errno);
  written_bytes_ += pending_.size();
  written_lines_ = next_line_;
  pending_.clear();
  return kOk;
}

}  // namespace regsweep::storage
