#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/sweeper.h"

namespace regsweep::tests {

/// What `find -printf` tells of a directory and all below: path, type, mode, owner, size, time,
/// content; sorted.
std::vector<std::string> snapshot(const std::string& directory, const std::string& below = "");

/// A store made by hand, file by file, for what changes stores. It lies on the temporary
/// directory's file system or, with mount_tmpfs(), on one of its own; all of it is gone with the
/// test.
class ScratchStoreTest : public ::testing::Test {
 protected:
  ScratchStoreTest();
  ~ScratchStoreTest() override;

  std::string at(const std::string& path) const { return v2_ + '/' + path; }
  bool there(const std::string& path) const;
  void put(const std::string& path, const std::string& text = "text") const;
  bool mount_tmpfs(const std::string& where, const std::string& options);
  /// Gives everything in the store a time of its own, long ago.
  void age_all() const;

  /// Opened when it is first asked for; it holds the store's lock.
  storage::Sweeper& sweeper();
  /// A removal with the identity that the thing has now.
  storage::Removal judged(storage::RemovalClass removal_class, const std::string& path);

  /// Opened anew; no sweeper has the lock then.
  std::unique_ptr<storage::Quarantine> quarantine();
  storage::QuarantineOutcome undone(const std::string& run_id);
  std::string run_path(const std::string& id) const {
    return root_ + "/.regsweep-quarantine/" + id;
  }
  std::string journal(const std::string& id) const;
  void set_journal(const std::string& id, const std::string& text) const;
  bool has_quarantine() const;

  std::string base_;
  std::string root_;
  std::string v2_;
  std::vector<std::string> mounts_;
  std::unique_ptr<storage::Sweeper> sweeper_;
};

}  // namespace regsweep::tests
