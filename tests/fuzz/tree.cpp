#include "tests/fuzz/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLines = 180;
constexpr std::size_t kDeepest = 24;
constexpr std::size_t kLongestFile = 1 << 16;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// The text with its digests written out.
std::string expanded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digits = i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
    if (!digits || (text[i] != '$' && text[i] != '%')) {
      out += text[i];
      continue;
    }
    for (int n = text[i] == '$' ? 32 : 64; n > 0; --n) out += text.substr(i + 1, 2);
    i += 2;
  }
  return out;
}

std::string content_of(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : ' ';
    if (text[i] != '\\' || (next != 'n' && next != '0')) {
      out += text[i];
      continue;
    }
    out += next == 'n' ? '\n' : '\0';
    ++i;
  }
  return expanded(out).substr(0, kLongestFile);
}

class Maker {
 public:
  Maker(const std::string& root, const std::string& v2) : root_(root), v2_(v2) {}

  void add(std::string_view line) {
    Pieces pieces(line);
    const std::string_view name = pieces.up_to('\t');
    const bool is_directory = pieces.at_end() && name.ends_with('/');
    const std::string path = place(name.substr(0, name.size() - (is_directory ? 1 : 0)));
    if (path.empty()) return;
    std::error_code failed;
    fs::create_directories(is_directory ? path : fs::path(path).parent_path().string(), failed);
    if (failed || is_directory) return;
    const std::string_view rest = pieces.rest();
    if (rest.starts_with('>')) {
      link_to(rest.substr(1), path);
    } else if (rest.starts_with('=')) {
      const std::string existing = place(rest.substr(1));
      tree.has_hard_links |= !existing.empty() && ::link(existing.c_str(), path.c_str()) == 0;
    } else if (rest == "|") {
      static_cast<void>(::mkfifo(path.c_str(), 0644));
    } else {
      write(path, content_of(rest));
    }
  }

  Tree tree;

 private:
  /// Where a name is; empty if it may not be anywhere.
  std::string place(std::string_view name) const {
    const bool at_root = name.starts_with('^');
    const std::string path = expanded(at_root ? name.substr(1) : name);
    std::size_t depth = 0;
    for (Pieces pieces(path); !pieces.at_end() || depth == 0; ++depth) {
      const std::string_view component = pieces.up_to('/');
      const bool names = !component.empty() && component != "." && component != "..";
      if (!names || component.size() > 255 || depth > kDeepest) return {};
    }
    if (path.ends_with('/') || path.find('\0') != std::string::npos) return {};
    return (at_root ? root_ : v2_) + '/' + path;
  }

  /// Only to what lies below: nobody's files are the fuzzer's.
  void link_to(std::string_view target, const std::string& path) {
    const std::string text = expanded(target);
    if (text.starts_with('/') || text.find("..") != std::string::npos) return;
    tree.has_symlinks |= ::symlink(text.c_str(), path.c_str()) == 0;
  }

  static void write(const std::string& path, const std::string& content) {
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const int file = ::open(path.c_str(), flags, 0644);
    if (file < 0) return;  // something else stands there
    const ssize_t written = ::write(file, content.data(), content.size());
    ::close(file);
    if (written != static_cast<ssize_t>(content.size())) {
      throw std::runtime_error("cannot write " + path);
    }
  }

  const std::string& root_;
  const std::string& v2_;
};

}  // namespace

Tree make_tree(std::string_view listing, const std::string& root, const std::string& v2) {
  Maker maker(root, v2);
  int lines = 0;
  for (Pieces pieces(listing); !pieces.at_end() && lines < kMostLines; ++lines) {
    maker.add(pieces.line());
  }
  return maker.tree;
}

}  // namespace regsweep::fuzz
