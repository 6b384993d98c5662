#include "analyzer/unread_repositories.h"

#include <algorithm>
#include <array>
#include <string>

#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

constexpr std::array<const char*, 3> kParts = {layout::kManifests, layout::kLayers,
                                               layout::kUploads};

/// The repository whose a path is; empty if it is none's.
std::string_view repository_of_path(std::string_view path) {
  const std::string top = layout::repository_directory("");
  if (!path.starts_with(top)) return {};
  path.remove_prefix(top.size());
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view component = path.substr(begin, end - begin);
    if (std::find(kParts.begin(), kParts.end(), component) != kParts.end()) {
      return path.substr(0, begin == 0 ? 0 : begin - 1);
    }
    begin = end + 1;
  }
  return {};
}

}  // namespace

bool is_of_repository(std::string_view path, std::string_view name) {
  const std::string directory = layout::repository_directory(name);
  if (!storage::is_below(path, directory) || path == directory) return false;
  path.remove_prefix(directory.size() + 1);
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](const char* part) { return storage::is_below(path, part); });
}

std::vector<std::uint8_t> unread_repositories(const Survey& survey) {
  std::vector<std::uint8_t> unread(survey.repositories.size(), 0);
  for (std::size_t r = 0; r < unread.size(); ++r) {
    const Repository& repository = survey.repositories[r];
    const bool is_unread_tag =
        std::any_of(repository.tags.begin(), repository.tags.end(),
                    [](const Tag& tag) { return tag.state == storage::LinkState::kUnreadable; });
    if (repository.tags_unread || is_unread_tag) unread[r] = 1;
  }
  for (const storage::Event& event : survey.events) {
    if (event.kind != storage::EventKind::kUnreadable) continue;
    const std::string_view name = repository_of_path(event.path);
    if (name.empty()) continue;
    if (const auto r = find_repository(survey, name)) unread[*r] = 1;
  }
  return unread;
}

}  // namespace regsweep::analyzer
