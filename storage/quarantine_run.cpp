#include "storage/quarantine_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>

#include "storage/layout.h"
#include "storage/nanoseconds.h"
#include "storage/retried.h"
#include "storage/sweeper_tree.h"

namespace regsweep::storage {
namespace {

constexpr std::string_view kIdForm = "00000000T000000.000000Z-xxxx";  // 0: digit, x: hex digit
constexpr std::string_view kHexDigits = "0123456789abcdef";

std::string digits(std::int64_t value, std::size_t width) {
  std::string text = std::to_string(value);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

Error unknown_entry(std::string name) {
  return {Errc::kCorrupt, std::move(name), "is not named by the run's journal", 0};
}

/// What lies in a run beside its journal and objects.
Status check_entries(const Directory& run, RunContents& contents) {
  Result<Directory> listed = reopen(run);
  if (!listed) return listed.error();
  std::string unknown;
  Status read = listed->each([&](const DirectoryEntry& entry) {
    if (entry.name == kDeleted) {
      contents.purge_begun = true;
    } else if (entry.name == kObjects) {
      contents.has_objects = true;
    } else if (entry.name != kJournalFile) {
      unknown = entry.name;
    }
  });
  if (!read) return read;
  if (!unknown.empty()) return unknown_entry(std::move(unknown));
  return kOk;
}

}  // namespace

bool parse_object(std::string_view name, std::uint64_t& number) noexcept {
  const char* end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data(), end, number);
  return error == std::errc() && at == end && (name.size() == 1 || name.front() != '0');
}

std::string make_run_id(std::int64_t time_nanoseconds) {
  const std::time_t seconds = time_nanoseconds / kNanosecondsPerSecond;
  std::tm utc = {};
  ::gmtime_r(&seconds, &utc);
  std::uint16_t random = 0;
  if (::getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random) {
    random = static_cast<std::uint16_t>(::getpid());
  }
  std::string suffix;
  for (int shift = 12; shift >= 0; shift -= 4) suffix += kHexDigits[random >> shift & 15];
  return digits(utc.tm_year + 1900, 4) + digits(utc.tm_mon + 1, 2) + digits(utc.tm_mday, 2) + 'T' +
         digits(utc.tm_hour, 2) + digits(utc.tm_min, 2) + digits(utc.tm_sec, 2) + '.' +
         digits(time_nanoseconds % kNanosecondsPerSecond / 1000, 6) + "Z-" + suffix;
}

bool is_run_id(std::string_view name) noexcept {
  const auto fits = [](char form, char c) {
    const bool is_digit = c >= '0' && c <= '9';
    return form == '0' ? is_digit : form == 'x' ? is_digit || (c >= 'a' && c <= 'f') : c == form;
  };
  return name.size() == kIdForm.size() &&
         std::equal(kIdForm.begin(), kIdForm.end(), name.begin(), fits);
}

std::int64_t run_started_seconds(std::string_view id) noexcept {
  if (!is_run_id(id)) return 0;
  const auto number = [&](std::size_t at, std::size_t width) {
    int value = 0;
    for (std::size_t i = at; i < at + width; ++i) value = value * 10 + (id[i] - '0');
    return value;
  };
  std::tm utc = {};
  utc.tm_year = number(0, 4) - 1900;
  utc.tm_mon = number(4, 2) - 1;
  utc.tm_mday = number(6, 2);
  utc.tm_hour = number(9, 2);
  utc.tm_min = number(11, 2);
  utc.tm_sec = number(13, 2);
  return ::timegm(&utc);
}

std::int64_t now_nanoseconds() noexcept {
  struct timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds_of(now.tv_sec, now.tv_nsec);
}

Result<PlaceFacts> place_facts(const Directory& place) {
  struct statx st = {};
  if (::statx(place.fd(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st) != 0) {
    return change_error(errno, "cannot stat", "");
  }
  PlaceFacts facts;
  facts.device = ::makedev(st.stx_dev_major, st.stx_dev_minor);
  facts.mount = (st.stx_mask & STATX_MNT_ID) != 0 ? st.stx_mnt_id : 0;
  facts.mtime_nanoseconds = nanoseconds_of(st.stx_mtime.tv_sec, st.stx_mtime.tv_nsec);
  facts.mode = st.stx_mode & 07777u;
  facts.uid = st.stx_uid;
  facts.gid = st.stx_gid;
  return facts;
}

bool set_mtime(int fd, std::int64_t nanoseconds) noexcept {
  std::array<struct timespec, 2> times = {};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = nanoseconds / kNanosecondsPerSecond;
  times[1].tv_nsec = nanoseconds % kNanosecondsPerSecond;
  if (times[1].tv_nsec < 0) {
    times[1].tv_nsec += kNanosecondsPerSecond;
    --times[1].tv_sec;
  }
  return ::futimens(fd, times.data()) == 0;
}

bool same_file_system(const PlaceFacts& a, const PlaceFacts& b) noexcept {
  return a.device == b.device && (a.mount == 0 || b.mount == 0 || a.mount == b.mount);
}

int rename_no_replace(const Directory& from, const char* old_name, const Directory& to,
                      const char* new_name) noexcept {
  const int moved = retried(
      [&] { return ::renameat2(from.fd(), old_name, to.fd(), new_name, RENAME_NOREPLACE); });
  if (moved == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  struct stat st;
  if (::fstatat(to.fd(), new_name, &st, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  if (errno != ENOENT) return errno;
  const int plain = retried([&] { return ::renameat(from.fd(), old_name, to.fd(), new_name); });
  return plain == 0 ? 0 : errno;
}

namespace {

/// Numbers of the objects in a run, ascending; empty if it has no `objects`. kCorrupt: other names.
Result<std::vector<std::uint64_t>> list_objects(const Directory& run) {
  std::vector<std::uint64_t> numbers;
  Result<Directory> objects = run.open(kObjects);
  if (!objects && objects.error().code == Errc::kNotFound) return numbers;
  if (!objects) return below(kObjects, objects.error());
  std::string unknown;
  const Status read = objects->each([&](const DirectoryEntry& entry) {
    std::uint64_t number = 0;
    if (parse_object(entry.name, number)) {
      numbers.push_back(number);
    } else {
      unknown = entry.name;
    }
  });
  if (!read) return below(kObjects, read.error());
  if (!unknown.empty()) return below(kObjects, unknown_entry(std::move(unknown)));
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

Result<RunContents> read_run(const Directory& run) {
  RunContents contents;
  const Status entries = check_entries(run, contents);
  if (!entries) return entries.error();
  const Result<std::vector<std::uint64_t>> there = list_objects(run);
  if (!there) return there.error();
  Result<JournalContents> journal = read_journal(run);
  if (journal) {
    contents.journal = std::move(*journal);
  } else if (journal.error().code != Errc::kNotFound) {
    return journal.error();
  }
  if (!contents.journal.is_ordered) {
    return Error{Errc::kCorrupt, kJournalFile, "does not number its objects in order", 0};
  }
  for (const std::uint64_t number : *there) {
    if (find_move(contents.journal, number) != nullptr) {
      contents.present.push_back(number);
    } else if (find_stage(contents.journal, number) != nullptr) {
      contents.staged.push_back(number);
    } else {
      return below(kObjects, unknown_entry(std::to_string(number)));
    }
  }
  return contents;
}

Result<Directory> open_quarantine_directory(const Directory& root) {
  Result<Directory> quarantine = root.open(layout::kQuarantine);
  if (quarantine) return quarantine;
  Error error = quarantine.error();
  error.path = layout::kQuarantine;
  return error;
}

Status give_owner_and_mode(int fd, std::uint32_t uid, std::uint32_t gid, std::uint32_t mode) {
  // The owner first, since changing it may clear bits of the mode.
  if (::fchown(fd, uid, gid) != 0) {
    const auto same = static_cast<uid_t>(-1);
    if (errno != EPERM || (::fchown(fd, same, gid) != 0 && errno != EPERM)) {
      return change_error(errno, "cannot set the owner", "");
    }
  }
  if (::fchmod(fd, mode) != 0) return change_error(errno, "cannot set the mode", "");
  return kOk;
}

Status sync_directory(const Directory& directory, std::string_view what) {
  const int synced = retried([&] { return ::fsync(directory.fd()); });
  if (synced == 0 || errno == EINVAL) return kOk;  // EINVAL: this file system syncs no directories
  return change_error(errno, "cannot sync", std::string(what));
}

Status sync_directories(const LockedStore& store, std::set<std::string>& paths) {
  for (; !paths.empty(); paths.erase(paths.begin())) {
    const std::string& path = *paths.begin();
    const std::string& named = path.empty() ? store.v2_path : path;
    const Result<Directory> directory =
        path.empty() ? reopen(store.v2) : store.v2.open(path.c_str());
    if (!directory && directory.error().code == Errc::kNotFound) continue;
    if (!directory) return below(named, directory.error());
    if (const Status synced = sync_directory(*directory, ""); !synced) {
      return below(named, synced.error());
    }
  }
  return kOk;
}

}  // namespace regsweep::storage
