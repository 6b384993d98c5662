// A file system that takes its time: shows a directory read-only below a mount point and sleeps in
// every operation, as a network file system does whose server is that far away.
//
//   slow_fs MICROSECONDS DIR MOUNTPOINT
//
// Runs until the mount point is unmounted (`fusermount3 -u MOUNTPOINT`). Up to 128 operations sleep
// at the same time. The kernel keeps nothing between two operations, so every look-up of a name
// counts as one.

#define FUSE_USE_VERSION 312
#include <dirent.h>
#include <fcntl.h>
#include <fuse.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

std::string source;
timespec delay{};

constexpr unsigned kThreads = 128;

/// Sleeps, and turns a path below the mount point into one of the directory shown.
std::string wait_for(const char* path) {
  ::nanosleep(&delay, nullptr);
  return source + path;
}

int result(int value) { return value < 0 ? -errno : value; }

void* begin(fuse_conn_info*, fuse_config* config) {
  config->attr_timeout = 0;
  config->entry_timeout = 0;
  config->negative_timeout = 0;
  return nullptr;
}

int get_attributes(const char* path, struct stat* facts, fuse_file_info*) {
  return result(::lstat(wait_for(path).c_str(), facts));
}

int read_link(const char* path, char* buffer, std::size_t size) {
  const ssize_t length = ::readlink(wait_for(path).c_str(), buffer, size - 1);
  if (length < 0) return -errno;
  buffer[length] = '\0';
  return 0;
}

int open_file(const char* path, fuse_file_info* info) {
  if ((info->flags & O_ACCMODE) != O_RDONLY) return -EROFS;
  const int file = ::open(wait_for(path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return -errno;
  info->fh = static_cast<std::uint64_t>(file);
  return 0;
}

int read_file(const char*, char* buffer, std::size_t size, off_t offset, fuse_file_info* info) {
  ::nanosleep(&delay, nullptr);
  return static_cast<int>(
      result(static_cast<int>(::pread(static_cast<int>(info->fh), buffer, size, offset))));
}

int release_file(const char*, fuse_file_info* info) { return ::close(static_cast<int>(info->fh)); }

int list_directory(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
                   fuse_readdir_flags) {
  DIR* directory = ::opendir(wait_for(path).c_str());
  if (directory == nullptr) return -errno;
  while (const dirent* entry = ::readdir(directory)) {
    struct stat facts {};
    facts.st_ino = entry->d_ino;
    facts.st_mode = static_cast<mode_t>(entry->d_type) << 12;  // DTTOIF
    if (fill(buffer, entry->d_name, &facts, 0, {}) != 0) break;
  }
  ::closedir(directory);
  return 0;
}

int file_system_figures(const char* path, struct statvfs* figures) {
  return result(::statvfs(wait_for(path).c_str(), figures));
}

fuse_operations operations() {
  fuse_operations table{};
  table.init = begin;
  table.getattr = get_attributes;
  table.readlink = read_link;
  table.open = open_file;
  table.read = read_file;
  table.release = release_file;
  table.readdir = list_directory;
  table.statfs = file_system_figures;
  return table;
}

}  // namespace

int main(int argc, char** argv) {
  char* end = nullptr;
  const long microseconds = argc == 4 ? std::strtol(argv[1], &end, 10) : -1;
  if (microseconds < 0 || *end != '\0') {
    std::fputs("usage: slow_fs MICROSECONDS DIR MOUNTPOINT\n", stderr);
    return 2;
  }
  delay = {.tv_sec = microseconds / 1'000'000, .tv_nsec = microseconds % 1'000'000 * 1000};
  source = argv[2];

  const fuse_operations table = operations();
  fuse_args arguments = FUSE_ARGS_INIT(1, argv);
  fuse* session = fuse_new(&arguments, &table, sizeof table, nullptr);
  if (session == nullptr || fuse_mount(session, argv[3]) != 0) return 1;
  fuse_set_signal_handlers(fuse_get_session(session));
  fuse_loop_config* config = fuse_loop_cfg_create();
  fuse_loop_cfg_set_max_threads(config, kThreads);
  fuse_loop_cfg_set_idle_threads(config, kThreads);
  fuse_loop_cfg_set_clone_fd(config, 0);
  const int failed = fuse_loop_mt(session, config);
  fuse_loop_cfg_destroy(config);
  fuse_unmount(session);
  fuse_destroy(session);
  return failed == 0 ? 0 : 1;
}
