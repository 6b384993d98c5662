#include "analyzer/hard_links.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace regsweep::analyzer {

void settle_hard_links(Survey& survey, const std::function<int(DigestId)>& rank) {
  using File = std::pair<std::uint64_t, std::uint64_t>;
  std::vector<std::tuple<File, int, DigestId>> names;
  auto& flags = survey.graph.flags;
  for (const auto& [id, file] : survey.hard_links) {
    names.emplace_back(file, rank(id), id);
    flags[row(id)] = static_cast<std::uint16_t>(flags[row(id)] & ~kCountedElsewhere);
  }
  std::sort(names.begin(), names.end());
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (std::get<File>(names[i]) != std::get<File>(names[i - 1])) continue;
    flags[row(std::get<DigestId>(names[i]))] |= kCountedElsewhere;
  }
}

std::map<DigestId, std::uint32_t> names_in_store(const Survey& survey) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t> files;
  for (const auto& [id, file] : survey.hard_links) ++files[file];
  std::map<DigestId, std::uint32_t> names;
  for (const auto& [id, file] : survey.hard_links) names.emplace(id, files[file]);
  return names;
}

}  // namespace regsweep::analyzer
