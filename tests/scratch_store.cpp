#include "tests/scratch_store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace regsweep::tests {

namespace fs = boost::filesystem;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::vector<std::string> snapshot(const std::string& directory, const std::string& below) {
  std::vector<std::string> lines;
  const std::string path = below.empty() ? directory : directory + '/' + below;
  struct stat st = {};
  if (::lstat(path.c_str(), &st) != 0) throw std::runtime_error(path);
  std::string line = below + " mode " + std::to_string(st.st_mode) + " owner " +
                     std::to_string(st.st_uid) + ':' + std::to_string(st.st_gid) + " size " +
                     std::to_string(st.st_size) + " time " + std::to_string(st.st_mtim.tv_sec) +
                     '.' + std::to_string(st.st_mtim.tv_nsec);
  if (S_ISREG(st.st_mode)) line += " content " + content_of(path);
  lines.push_back(line);
  if (!S_ISDIR(st.st_mode)) return lines;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    for (std::string& inner : snapshot(directory, below.empty() ? name : below + '/' + name)) {
      lines.push_back(std::move(inner));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

ScratchStoreTest::ScratchStoreTest() {
  std::string pattern = (fs::temp_directory_path() / "sweep.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  base_ = pattern;
  root_ = base_ + "/store";
  v2_ = root_ + "/docker/registry/v2";
  fs::create_directories(v2_);
}

ScratchStoreTest::~ScratchStoreTest() {
  sweeper_.reset();
  while (!mounts_.empty()) {
    ::umount2(mounts_.back().c_str(), MNT_DETACH);
    mounts_.pop_back();
  }
  boost::system::error_code ignored;
  fs::remove_all(base_, ignored);
}

bool ScratchStoreTest::there(const std::string& path) const {
  struct stat st;
  return ::lstat(at(path).c_str(), &st) == 0;
}

void ScratchStoreTest::put(const std::string& path, const std::string& text) const {
  fs::create_directories(fs::path(at(path)).parent_path());
  std::ofstream(at(path), std::ios::binary) << text;
}

bool ScratchStoreTest::mount_tmpfs(const std::string& where, const std::string& options) {
  fs::create_directories(where);
  if (::mount("tmpfs", where.c_str(), "tmpfs", 0, options.c_str()) != 0) return false;
  mounts_.push_back(where);
  return true;
}

storage::Sweeper& ScratchStoreTest::sweeper() {
  if (sweeper_ == nullptr) {
    auto opened = storage::open_sweeper(root_, v2_);
    if (!opened) throw std::runtime_error(opened.error().message);
    sweeper_ = std::move(*opened);
  }
  return *sweeper_;
}

storage::Removal ScratchStoreTest::judged(storage::RemovalClass removal_class,
                                          const std::string& path) {
  storage::Removal removal;
  removal.removal_class = removal_class;
  removal.path = path;
  removal.allocated_bytes = 4096;
  const auto identity = sweeper().identify(removal_class, path);
  EXPECT_TRUE(identity) << path << ": " << identity.error().message;
  if (identity) removal.identity = *identity;
  return removal;
}

void ScratchStoreTest::age_all() const {
  std::vector<std::string> paths = {root_};
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    paths.push_back(entry.path().string());
  }
  long count = 0;
  for (const std::string& path : paths) {
    const struct timespec times[2] = {{0, UTIME_OMIT},
                                      {1'600'000'000 + count, 123'456'000 + count}};
    ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
    ++count;
  }
}

std::unique_ptr<storage::Quarantine> ScratchStoreTest::quarantine() {
  sweeper_.reset();
  auto opened = storage::open_quarantine(root_, v2_);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

storage::QuarantineOutcome ScratchStoreTest::undone(const std::string& run_id) {
  const auto outcome = quarantine()->undo(run_id);
  EXPECT_TRUE(outcome) << outcome.error().path << ": " << outcome.error().message;
  return outcome ? *outcome : storage::QuarantineOutcome{};
}

std::string ScratchStoreTest::journal(const std::string& id) const {
  return content_of(run_path(id) + "/journal");
}

void ScratchStoreTest::set_journal(const std::string& id, const std::string& text) const {
  std::ofstream(run_path(id) + "/journal", std::ios::binary) << text;
}

bool ScratchStoreTest::has_quarantine() const {
  return fs::exists(root_ + "/.regsweep-quarantine");
}

}  // namespace regsweep::tests
