#include "tests/scratch_store.h"

#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <boost/filesystem.hpp>
#include <fstream>
#include <stdexcept>

namespace regsweep::tests {

namespace fs = boost::filesystem;

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

}  // namespace regsweep::tests
