#include "storage/directory_store.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "storage/beneath.h"
#include "storage/layout.h"

namespace regsweep::storage {
namespace {

constexpr std::size_t kFirstReadBytes = 16 * 1024;  // nearly every manifest fits

std::string joined(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (!path.empty()) path += '/';
  path += name;
  return path;
}

}  // namespace

void report_unreadable(ScanVisitor& visitor, std::string path, const Error& error) {
  Event event;
  event.kind = error.code == Errc::kNotFound ? EventKind::kVanished : EventKind::kUnreadable;
  event.path = std::move(path);
  event.message = error.message;
  visitor.event(std::move(event));
}

std::optional<FileType> type_of(ScanVisitor& visitor, const Directory& at,
                                const std::string& directory, const DirectoryEntry& entry) {
  if (entry.type != FileType::kUnknown) return entry.type;
  const Result<FileFacts> facts = at.stat(entry.name.data());
  if (facts) return facts->type;
  report_unreadable(visitor, joined(directory, entry.name), facts.error());
  return std::nullopt;
}

void report_stray(ScanVisitor& visitor, const Directory& at, const std::string& directory,
                  const DirectoryEntry& entry) {
  Event event;
  event.path = joined(directory, entry.name);
  const Result<FileFacts> facts = at.stat(entry.name.data());
  if (!facts) {
    report_unreadable(visitor, std::move(event.path), facts.error());
    return;
  }
  event.facts = *facts;
  switch (facts->type) {
    case FileType::kSymlink:
      event.kind = EventKind::kSymlink;
      break;
    case FileType::kDirectory:
      event.kind = EventKind::kStrayDirectory;
      break;
    case FileType::kRegular:
      event.kind =
          layout::is_temporary(entry.name) ? EventKind::kTemporaryFile : EventKind::kStrayFile;
      break;
    default:
      event.kind = EventKind::kSpecialFile;
      break;
  }
  visitor.event(std::move(event));
}

Result<std::unique_ptr<Store>> open_directory_store(const std::string& root,
                                                    const std::string& v2) {
  Result<Directory> root_directory = Directory::open_path(root);
  if (!root_directory) return root_directory.error();
  const std::string inside = root == "/" ? root : root + '/';
  if (v2 != root && !v2.starts_with(inside)) {
    return Error{
        Errc::kUsage, root,
        "its docker/registry/v2 lies behind a symbolic link, which is not followed: name the "
        "place itself, " +
            v2,
        0};
  }
  const std::string below = v2 == root ? "" : v2.substr(inside.size());
  Result<Directory> v2_directory =
      below.empty() ? Directory::open_path(root) : (*root_directory).open(below.c_str());
  if (!v2_directory) {
    Error error = v2_directory.error();
    error.path = v2;
    return error;
  }
  return std::unique_ptr<Store>(std::make_unique<DirectoryStore>(
      std::move(*root_directory), std::move(*v2_directory), std::move(below)));
}

Result<FileFacts> DirectoryStore::stat_blob(const Digest& digest) const {
  return v2_.stat(layout::blob_path(digest).c_str());
}

Result<std::unique_ptr<BlobReader>> DirectoryStore::open_blob(const Digest& digest,
                                                              Freshness freshness) const {
  const std::string path = layout::blob_path(digest);
  // O_NONBLOCK: a FIFO in place of the file must not hang the run; no effect on regular files.
  UniqueFd file(open_beneath(v2_.fd(), path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file) return system_error(errno, "cannot open");
  auto reader =
      SparingReader::open(std::move(file), freshness,
                          device_ == DeviceKind::kSolid ? Uncached::kDirect : Uncached::kAhead);
  if (reader) return reader;
  Error error = reader.error();
  if (error.code == Errc::kCorrupt) error.path = path;
  return error;
}

Result<std::string_view> DirectoryStore::read_blob(const Digest& digest, std::vector<char>& buffer,
                                                   const BlobReading& how) const {
  const std::string path = layout::blob_path(digest);
  // Whole, by the size that is known, with room that tells of a longer one. The buffer may have had
  // more room already.
  const std::size_t most = how.limit_bytes + 1;
  const auto make_room = [&](std::uint64_t wanted) {
    const auto least = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, most));
    if (buffer.size() < least + how.padding_bytes) buffer.resize(least + how.padding_bytes);
    return std::min(buffer.size() - how.padding_bytes, most);
  };
  std::size_t room = make_room(std::max<std::uint64_t>(how.expected_bytes + 1, kFirstReadBytes));
  for (;;) {
    FileFacts facts;
    const Result<std::size_t> got =
        v2_.read(path.c_str(), std::span<char>(buffer.data(), room), how.expected_bytes, &facts);
    if (!got) {
      Error error = got.error();
      error.path = path;
      return error;
    }
    if (*got < room) return std::string_view(buffer.data(), *got);
    if (room == most) {
      return Error{Errc::kCorrupt, path,
                   "longer than " + std::to_string(how.limit_bytes) + " bytes: no manifest is", 0};
    }
    // Twice as much for a file that grows.
    room = make_room(std::max<std::uint64_t>(facts.size_bytes + 1, 2 * room));
  }
}

Result<FileFacts> DirectoryStore::stat_path(const std::string& path) const {
  return v2_.stat(path.c_str());
}

Result<std::vector<std::string>> DirectoryStore::list_path(const std::string& path) const {
  Result<Directory> directory = v2_.open(path.c_str());
  if (!directory) return directory.error();
  std::vector<std::string> names;
  const Status listed =
      directory->each([&](const DirectoryEntry& entry) { names.emplace_back(entry.name); });
  if (!listed) return listed.error();
  std::sort(names.begin(), names.end());
  return names;
}

Result<DiskFigures> DirectoryStore::disk() const {
  struct statvfs fs;
  if (::fstatvfs(root_.fd(), &fs) != 0) return system_error(errno, "cannot ask for disk space");
  DiskFigures figures;
  figures.size_bytes = static_cast<std::uint64_t>(fs.f_blocks) * fs.f_frsize;
  figures.free_bytes = static_cast<std::uint64_t>(fs.f_bfree) * fs.f_frsize;
  figures.available_bytes = static_cast<std::uint64_t>(fs.f_bavail) * fs.f_frsize;
  figures.inodes = fs.f_files;
  figures.free_inodes = fs.f_ffree;
  return figures;
}

}  // namespace regsweep::storage
