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
/// repository. What it cannot see is a tag moved to a revision that was there before, which needs
/// no doomed blob.
class LinkGuard {
 public:
  explicit LinkGuard(const storage::Store& store) : store_(store) {}

  /// Takes the directories of every repository as they are. One that changed after the survey began
  /// counts as changed at once.
  void remember(const Survey& survey);

  /// Looks again, at most for a twentieth of the time. True if one has changed.
  bool changed();

 private:
  struct Watched {
    std::string path;
    std::int64_t mtime_nanoseconds;  ///< -1: not there
  };
  std::int64_t look(const std::string& path) const;

  const storage::Store& store_;
  std::vector<Watched> watched_;
  std::chrono::steady_clock::time_point next_;
  bool changed_since_survey_ = false;
};

}  // namespace regsweep::analyzer
