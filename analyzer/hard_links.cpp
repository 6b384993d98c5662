#include "analyzer/hard_links.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "analyzer/sort_unique.h"

namespace regsweep::analyzer {
namespace {

using File = std::pair<std::uint64_t, std::uint64_t>;  ///< device, inode

}  // namespace

void settle_hard_links(Survey& survey, const std::function<int(DigestId)>& rank) {
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

std::vector<NamesInStore> names_in_store(const Survey& survey,
                                         const std::function<bool(DigestId)>& wanted) {
  std::vector<std::pair<File, std::uint32_t>> files;
  for (const auto& [id, file] : survey.hard_links) {
    if (wanted(id)) files.emplace_back(file, 0U);
  }
  sort_unique(files);
  const auto find = [&](const File& file) {
    const auto at =
        std::lower_bound(files.begin(), files.end(), std::pair(file, 0U),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
    return at != files.end() && at->first == file ? &*at : nullptr;
  };
  for (const auto& [id, file] : survey.hard_links) {
    if (auto* counted = find(file)) ++counted->second;
  }
  std::vector<NamesInStore> names;
  for (const auto& [id, file] : survey.hard_links) {  // by blob
    if (wanted(id)) names.push_back({id, find(file)->second});
  }
  return names;
}

}  // namespace regsweep::analyzer
