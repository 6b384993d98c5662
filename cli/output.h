#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "storage/result.h"

namespace regsweep::cli {

/// A file that nobody ever sees half of: a temporary file beside its place, renamed when it is
/// whole. What was there keeps its permissions; a symbolic link is followed. The temporary file
/// goes with the object, and when a signal ends the process (cli/temporaries.h).
class OutputFile {
 public:
  /// Makes the temporary file. Fails if what is there is no regular file.
  static storage::Result<OutputFile> create(const std::string& path);
  ~OutputFile();
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;

  /// Writes to the temporary file, a buffer at a time. An error is kept for finish().
  std::ostream& stream();
  /// For what writes by name instead.
  const std::string& temporary() const;

  /// Writes out what is buffered and syncs it; the file is whole then.
  storage::Status finish();
  /// Puts the finished file at its place.
  storage::Status place();

 private:
  struct Impl;
  explicit OutputFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Writes such a file. What is there already and is no regular file (a pipe, a device) is written
/// to.
storage::Status write_output(const std::string& path,
                             const std::function<void(std::ostream&)>& write);

/// Whether write_output() could begin: to be asked before a store is changed. kIo if not.
storage::Status can_write_output(const std::string& path);

/// A path made absolute, and led through links as far as it is there.
std::filesystem::path whole_path(const std::string& path);

/// Whether a file of that name would be the directory or lie in it, through whatever mounts and
/// links. Neither need be there.
bool lies_in(const std::string& path, const std::string& directory);

}  // namespace regsweep::cli
