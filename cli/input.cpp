#include "cli/input.h"

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <system_error>

#include "storage/named_path.h"

namespace regsweep::cli {
namespace {

using storage::Errc;
using storage::Error;

storage::Result<std::unique_ptr<std::ifstream>> open_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return Error{Errc::kIo, path, "is a directory", EISDIR};
  }
  errno = 0;
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) return storage::named_path_error(path, errno, "cannot be read");
  return file;
}

}  // namespace

std::string input_name(const std::string& argument) {
  return argument == "-" ? "standard input" : argument;
}

storage::Result<Input> Input::open(const std::string& argument, const Io& io) {
  Input input;
  if (argument == "-") {
    input.stream_ = io.in != nullptr ? io.in : &std::cin;
    return input;
  }
  auto file = open_file(argument);
  if (!file) return file.error();
  input.file_ = std::move(*file);
  input.stream_ = input.file_.get();
  return input;
}

storage::Result<std::string> read_file(const std::string& path) {
  const auto file = open_file(path);
  if (!file) return file.error();
  std::ostringstream text;
  errno = 0;
  if ((*file)->peek() != std::ifstream::traits_type::eof()) text << (*file)->rdbuf();
  if ((*file)->bad() || !text) {
    return storage::named_path_error(path, errno == 0 ? EIO : errno, "cannot be read");
  }
  return text.str();
}

}  // namespace regsweep::cli
