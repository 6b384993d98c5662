#include "storage/upload.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "storage/layout.h"

namespace regsweep::storage {
namespace {

constexpr int kMaxDepth = 16;  // a registry nests three levels: hashstates/<alg>/<offset>

Status add_files(Directory& directory, UploadEntry& upload, int depth) {
  Status failed = kOk;
  const Status listed = directory.each([&](const DirectoryEntry& entry) {
    const Result<FileFacts> facts = directory.stat(entry.name.data());
    if (!facts) {
      failed = facts.error();
      return;
    }
    upload.touched_at_seconds = std::max(upload.touched_at_seconds, facts->mtime_seconds);
    if (facts->type != FileType::kDirectory) {
      ++upload.files;
      upload.size_bytes = saturating_add(upload.size_bytes, facts->size_bytes);
      upload.allocated_bytes = saturating_add(upload.allocated_bytes, facts->allocated_bytes);
      return;
    }
    Result<Directory> below = directory.open(entry.name.data());
    if (!below) {
      failed = below.error();
    } else if (depth == kMaxDepth) {
      failed = Error{Errc::kCorrupt, {}, "directories nest too deep for an upload", 0};
    } else if (Status inner = add_files(*below, upload, depth + 1); !inner) {
      failed = inner.error();
    }
  });
  return listed ? failed : listed;
}

bool number(std::string_view text, std::size_t at, std::size_t digits, int& out) noexcept {
  out = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return false;
    out = 10 * out + (text[i] - '0');
  }
  return true;
}

}  // namespace

bool parse_rfc3339(std::string_view text, std::int64_t& seconds) noexcept {
  int year, month, day, hour, minute, second;
  if (text.size() < 20 || !number(text, 0, 4, year) || text[4] != '-' ||
      !number(text, 5, 2, month) || text[7] != '-' || !number(text, 8, 2, day) ||
      (text[10] != 'T' && text[10] != 't') || !number(text, 11, 2, hour) || text[13] != ':' ||
      !number(text, 14, 2, minute) || text[16] != ':' || !number(text, 17, 2, second)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return false;
  std::size_t at = 19;
  if (text[at] == '.') {
    do ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9');
  }
  int offset_minutes = 0;
  const std::string_view zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    int offset_hour, offset_minute;
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' ||
        !number(zone, 1, 2, offset_hour) || !number(zone, 4, 2, offset_minute)) {
      return false;
    }
    offset_minutes = (zone[0] == '-' ? -1 : 1) * (60 * offset_hour + offset_minute);
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  seconds = std::chrono::duration_cast<std::chrono::seconds>(days).count() + 3600 * hour +
            60 * (minute - offset_minutes) + second;
  return true;
}

Result<UploadEntry> read_upload(const Directory& uploads, const std::string& id) {
  Result<Directory> directory = uploads.open(id.c_str());
  if (!directory) return directory.error();
  const Result<FileFacts> facts = directory->stat_self();
  if (!facts) return facts.error();
  UploadEntry upload;
  upload.id = id;
  upload.started_at_seconds = facts->mtime_seconds;
  upload.touched_at_seconds = facts->mtime_seconds;
  std::array<char, 64> buffer;
  const Result<std::size_t> started = directory->read(layout::kStartedAt, buffer);
  if (started) {
    parse_rfc3339(std::string_view(buffer.data(), *started), upload.started_at_seconds);
  }
  if (Status added = add_files(*directory, upload, 0); !added) return added.error();
  return upload;
}

}  // namespace regsweep::storage
