#pragma once

#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace regsweep::storage {

/// "name" + "/suffix" for a system call, without the heap for names of 255 bytes: file systems in
/// user space, and some foreign ones, have longer ones.
class PathBuffer {
 public:
  PathBuffer(std::string_view name, std::string_view suffix) {
    char* text = text_.data();
    if (name.size() + suffix.size() >= text_.size()) {
      long_.resize(name.size() + suffix.size());
      text = long_.data();
    }
    std::memcpy(text, name.data(), name.size());
    std::memcpy(text + name.size(), suffix.data(), suffix.size());
    text[name.size() + suffix.size()] = '\0';
  }
  const char* c_str() const noexcept { return long_.empty() ? text_.data() : long_.c_str(); }

 private:
  std::array<char, 320> text_;
  std::string long_;
};

}  // namespace regsweep::storage
