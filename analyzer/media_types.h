#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace regsweep::analyzer {

/// Numbers media types as they are met. A store knows few, and the next is often the last.
class MediaTypes {
 public:
  std::uint32_t number(std::string_view text);
  const std::vector<std::string>& texts() const noexcept { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::uint32_t last_ = 0;
};

/// Makes the sorted list of all collectors' media types; those beyond 65,535 become "".
std::vector<std::string> join_media_types(std::vector<std::string> texts);

}  // namespace regsweep::analyzer
