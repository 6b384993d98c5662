#include "analyzer/media_types.h"

#include <algorithm>

#include "analyzer/sort_unique.h"

namespace regsweep::analyzer {

std::uint32_t MediaTypes::number(std::string_view text) {
  if (last_ < texts_.size() && texts_[last_] == text) return last_;
  const auto [at, fresh] =
      numbers_.try_emplace(std::string(text), static_cast<std::uint32_t>(texts_.size()));
  if (fresh) texts_.emplace_back(text);
  return last_ = at->second;
}

std::vector<std::string> join_media_types(std::vector<std::string> texts) {
  constexpr std::size_t kMost = 0x10000;
  texts.emplace_back();
  sort_unique(texts);
  if (texts.size() > kMost) texts.resize(kMost);
  return texts;
}

}  // namespace regsweep::analyzer
