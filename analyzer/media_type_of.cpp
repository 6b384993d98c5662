#include "analyzer/media_type_of.h"

#include <algorithm>
#include <limits>
#include <map>

#include "analyzer/manifest_registry.h"

namespace regsweep::analyzer {

std::string_view media_type_of(ManifestType type) noexcept {
  switch (type) {
    case ManifestType::kDockerImage:
      return kMediaDockerImage;
    case ManifestType::kDockerList:
      return kMediaDockerList;
    case ManifestType::kOciImage:
      return kMediaOciImage;
    case ManifestType::kOciIndex:
      return kMediaOciIndex;
    case ManifestType::kArtifact:
      return kMediaArtifact;
    case ManifestType::kSchema1:
      return kMediaSchema1Signed;
    case ManifestType::kUnknown:
    case ManifestType::kUnreadable:
      return {};
  }
  return {};
}

MediaTypeOf media_type_of(const Survey& survey) {
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  const Graph& graph = survey.graph;
  MediaTypeOf types;
  types.names = graph.media_types;  // begins with ""
  if (types.names.empty()) types.names.emplace_back();
  types.index.assign(graph.node_count(), kNone);
  for (std::size_t i = 0; i < graph.edge_to.size(); ++i) {
    if ((graph.edge_flags[i] & kInvalid) != 0 || graph.edge_media[i] == 0) continue;
    std::uint32_t& index = types.index[row(graph.edge_to[i])];
    index = std::min<std::uint32_t>(index, graph.edge_media[i]);  // numbered by text
  }
  const auto number = [&](std::string_view text) {
    const auto found = std::find(types.names.begin(), types.names.end(), text);
    const auto at = static_cast<std::uint32_t>(found - types.names.begin());
    if (found == types.names.end()) types.names.emplace_back(text);
    return at;
  };
  std::map<ManifestType, std::uint32_t> numbers;  // looked for once each: there may be many names
  for (const ManifestRow& manifest : graph.manifests) {
    const std::string_view own = media_type_of(manifest.type);
    if (own.empty()) continue;
    const auto [at, is_new] = numbers.try_emplace(manifest.type);
    if (is_new) at->second = number(own);
    types.index[row(manifest.id)] = at->second;
  }
  for (std::uint32_t& index : types.index) {
    if (index == kNone) index = 0;
  }
  return types;
}

std::vector<MediaTypeRow> blobs_by_media_type(const Survey& survey, const Accounts& accounts) {
  const MediaTypeOf types = media_type_of(survey);
  std::vector<MediaTypeRow> rows(types.names.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].name = types.names[i];
  survey.graph.each_blob(
      [&](DigestId id) { add_blob(survey, accounts, id, rows[types.index[row(id)]].split); });
  std::erase_if(rows, [](const MediaTypeRow& row) { return row.split.blobs == 0; });
  std::sort(rows.begin(), rows.end(),
            [](const MediaTypeRow& a, const MediaTypeRow& b) { return a.name < b.name; });
  return rows;
}

}  // namespace regsweep::analyzer
