#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/survey.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// Notices that somebody links something while blobs are being removed: a new revision, layer link,
/// tag or repository changes the time of a directory, and there are only a few of these a
/// repository. Times are compared with what they were before, not with a clock: the file system's
/// may be another than ours, and a directory may bear any time.
///
/// What it cannot see: a tag moved to a revision that was there before, which needs no doomed blob;
/// a link put into a directory that already stands for its digest, as an apply that was cut off
/// leaves one; a change within one tick of the file system's clock after remember(); and whoever
/// puts the old time back.
class LinkGuard {
 public:
  explicit LinkGuard(const storage::Store& store) : store_(store) {}

  /// Takes the directories of every repository that `survey` found as they are now: from here on a
  /// change counts.
  void remember(const Survey& survey);

  /// Whether one of them seems to have changed after the survey began. Here clocks do count: a file
  /// system's that runs seconds behind ours is allowed for, as a server's may; one that runs
  /// further behind hides a change; and a time in the future looks like one.
  bool may_have_changed_since(const Survey& survey) const;

  /// Whether each repository of a later survey is watched; one that is not came meanwhile.
  bool watches_all_of(const Survey& survey) const;

  /// Looks again, at most for a twentieth of the time. True if one has changed.
  bool changed();

 private:
  struct Watched {
    std::string path;
    std::int64_t mtime_nanoseconds;  ///< -1: not there
  };
  std::int64_t look(const std::string& path) const;

  const storage::Store& store_;
  std::vector<Watched> watched_;  ///< by path
  std::chrono::steady_clock::time_point next_;
};

}  // namespace regsweep::analyzer
