#pragma once

#include <string>

namespace regsweep::cli {

/// A temporary file that a signal that ends the process removes, while this lives. It must not
/// move: the handler reads the path's characters where they are.
class ListedTemporary {
 public:
  explicit ListedTemporary(std::string path);
  ~ListedTemporary();
  ListedTemporary(const ListedTemporary&) = delete;
  ListedTemporary& operator=(const ListedTemporary&) = delete;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  int slot_ = -1;  ///< none: too many are listed, and this one is left behind
};

/// Removes what is listed; for a process that ends at once, in a signal's handler too.
void remove_temporaries() noexcept;

}  // namespace regsweep::cli
