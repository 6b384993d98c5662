#include "tests/fuzz/fuzz.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace regsweep::fuzz {
namespace {

/// A directory that is removed when the process ends.
class Scratch {
 public:
  Scratch() {
    const char* chosen = std::getenv("TMPDIR");
    std::string base = chosen != nullptr ? chosen : "/dev/shm";
    if (::access(base.c_str(), W_OK) != 0) base = "/tmp";
    path_ = base + "/regsweep-fuzz.XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace

std::vector<Fuzzer>& fuzzers() {
  static std::vector<Fuzzer> all;
  return all;
}

void broken(const char* file, int line, const char* property, const std::string& detail) {
  throw Broken(fmt::format("{}:{}: {}: {}", file, line, property, detail));
}

std::string_view Pieces::up_to(char end) {
  const std::size_t at = rest_.find(end);
  const std::string_view piece = rest_.substr(0, at);
  rest_ = at == std::string_view::npos ? std::string_view() : rest_.substr(at + 1);
  return piece;
}

unsigned char Pieces::byte() {
  if (rest_.empty()) return 0;
  const auto first = static_cast<unsigned char>(rest_.front());
  rest_.remove_prefix(1);
  return first;
}

std::vector<char> exact_copy(std::string_view text, std::size_t padding) {
  std::vector<char> copy;
  copy.reserve(text.size() + padding);
  copy.assign(text.begin(), text.end());
  copy.resize(text.size() + padding, '\xff');
  return copy;
}

const std::string& scratch() {
  static const Scratch directory;
  return directory.path();
}

std::string put(const std::string& name, std::string_view bytes) {
  std::string path = scratch() + '/' + name;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
  return path;
}

std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c >= 0x20 && c < 0x7f && c != '\\') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

}  // namespace regsweep::fuzz
