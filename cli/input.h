#pragma once

#include <fstream>
#include <istream>
#include <memory>
#include <string>

#include "cli/io.h"
#include "storage/result.h"

namespace regsweep::cli {

/// How to call what the user named to be read: "standard input" for "-".
std::string input_name(const std::string& argument);

/// What the user named to be read: a file, or standard input for "-".
class Input {
 public:
  /// Errors: kNotFound; else why it cannot be read. Their `path` is input_name().
  static storage::Result<Input> open(const std::string& argument, const Io& io);

  std::istream& stream() { return *stream_; }

 private:
  std::unique_ptr<std::ifstream> file_;  ///< none: standard input
  std::istream* stream_ = nullptr;
};

/// A whole file. Errors as of Input.
storage::Result<std::string> read_file(const std::string& path);

}  // namespace regsweep::cli
