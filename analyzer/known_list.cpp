#include "analyzer/known_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "analyzer/sort_unique.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

using storage::Digest;
using storage::DigestError;
using storage::Errc;
using storage::Error;

constexpr std::size_t kLongestLine = 4096;  // a name has at most 255 bytes
constexpr std::size_t kShownBytes = 100;    // of a line in a message
constexpr std::string_view kBlanks = " \t\r\v\f";

/// Thrown and caught in this file only.
struct BadLine {
  std::string message;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Digest digest_from(std::string_view text) {
  Digest digest;
  const DigestError error = storage::parse_digest(text, digest);
  if (error != DigestError::kNone) {
    throw BadLine{fmt::format("{}: want sha256: and 64 lower-case hex digits, or the like",
                              storage::digest_error_text(error))};
  }
  return digest;
}

std::string repository_from(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    throw BadLine{
        "a repository's name has no ':': leave the registry's host out, and give a tag or a "
        "digest, not both"};
  }
  if (text.empty() || text.front() == '/' || text.back() == '/' ||
      text.find("//") != std::string_view::npos) {
    throw BadLine{"want the repository's name before the tag or digest, as team/app:1.0"};
  }
  return std::string(text);
}

/// A blob as a line gives it. The line is kept to name the one that contradicts another.
struct ListedBlob {
  KnownList::Blob blob;
  std::uint64_t line = 0;
};

class Reader {
 public:
  /// A line without blanks around it.
  void add(std::string_view text, std::uint64_t number) {
    const std::size_t blank = text.find_first_of(kBlanks);
    const std::string_view name = text.substr(0, blank);
    const std::string_view rest =
        blank == std::string_view::npos ? std::string_view() : trimmed(text.substr(blank));
    const std::size_t colon = name.find(':');
    storage::Algorithm algorithm;
    if (colon != std::string_view::npos &&
        storage::parse_algorithm(name.substr(0, colon), algorithm)) {
      blobs_.push_back({{digest_from(name), size_from(rest)}, number});
      return;
    }
    if (!rest.empty()) throw BadLine{"only a digest may have something behind it: its size"};
    if (const std::size_t at = name.find('@'); at != std::string_view::npos) {
      list_.revisions.push_back(
          {repository_from(name.substr(0, at)), digest_from(name.substr(at + 1))});
      return;
    }
    const std::size_t last = name.rfind(':');
    if (last == std::string_view::npos || !storage::is_tag_name(name.substr(last + 1))) {
      throw BadLine{"want a digest with or without its size, repository:tag or repository@digest"};
    }
    list_.tags.push_back(
        {repository_from(name.substr(0, last)), std::string(name.substr(last + 1))});
  }

  /// Sorts. Throws BadLine if two lines give one blob two sizes, and says by `line` where.
  KnownList finish(std::uint64_t& line) {
    std::stable_sort(blobs_.begin(), blobs_.end(), [](const ListedBlob& a, const ListedBlob& b) {
      return a.blob.digest < b.blob.digest;
    });
    for (const auto& [blob, number] : blobs_) {
      if (list_.blobs.empty() || list_.blobs.back().digest != blob.digest) {
        list_.blobs.push_back(blob);
        continue;
      }
      auto& size = list_.blobs.back().size_bytes;
      if (size && blob.size_bytes && *size != *blob.size_bytes) {
        line = number;
        throw BadLine{fmt::format("a line before says that this blob has {} bytes", *size)};
      }
      if (!size) size = blob.size_bytes;
    }
    sort_unique(list_.tags);
    sort_unique(list_.revisions);
    return std::move(list_);
  }

 private:
  static std::optional<std::uint64_t> size_from(std::string_view text) {
    if (text.empty()) return {};
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw BadLine{"want the blob's size behind its digest, as a number of bytes"};
    }
    return size;
  }

  KnownList list_;
  std::vector<ListedBlob> blobs_;
};

}  // namespace

storage::Result<KnownList> read_known_list(std::istream& in, const std::string& file) {
  Reader reader;
  std::array<char, kLongestLine + 1> buffer;
  std::uint64_t number = 0;
  std::string_view text;
  bool any = false;
  try {
    while (in.getline(buffer.data(), buffer.size()) || in.gcount() != 0) {
      ++number;
      const bool cut = in.fail() && !in.eof();     // no line feed within the buffer
      const bool ended = !in.fail() && !in.eof();  // the line feed counts, but is not there
      text = trimmed({buffer.data(), static_cast<std::size_t>(in.gcount()) - (ended ? 1 : 0)});
      if (cut) throw BadLine{fmt::format("it is longer than {} bytes", kLongestLine)};
      if (text.empty() || text.front() == '#') continue;
      reader.add(text, number);
      any = true;
    }
    if (in.bad()) return Error{Errc::kIo, file, "cannot be read", 0};
    text = {};
    if (any) return reader.finish(number);
  } catch (const BadLine& bad) {
    const std::string shown(text.substr(0, kShownBytes));
    return Error{
        Errc::kUsage, file,
        fmt::format("line {}{}{}: {}", number, shown.empty() ? "" : ": ", shown, bad.message), 0};
  }
  return Error{Errc::kUsage, file,
               "is an empty list: want lines with a digest and maybe its size, repository:tag or "
               "repository@digest",
               0};
}

}  // namespace regsweep::analyzer
