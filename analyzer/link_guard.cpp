#include "analyzer/link_guard.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "analyzer/grouping.h"
#include "storage/layout.h"

namespace regsweep::analyzer {

namespace layout = storage::layout;

std::int64_t LinkGuard::look(const std::string& path) const {
  const auto facts = store_.stat_path(path);
  return facts ? facts->mtime_nanoseconds : -1;
}

void LinkGuard::remember(const Survey& survey) {
  std::set<std::string> paths;
  for (const Repository& repository : survey.repositories) {
    const std::string base = layout::repository_directory(repository.name);
    for (const char* of_links : {layout::kLayers, layout::kRevisions}) {
      paths.insert(base + '/' + of_links + "/sha256");
    }
    paths.insert(base + '/' + layout::kTags);
    // A new repository shows in the directory above it; none is pushed to longer names.
    for (std::string_view name = servable_part(repository.name); !name.empty();
         name = name_above(name)) {
      paths.insert(layout::repository_directory(name));
    }
  }
  paths.insert(layout::kRepositories);
  watched_.clear();
  for (const std::string& path : paths) watched_.push_back({path, look(path)});
  next_ = std::chrono::steady_clock::now();
}

bool LinkGuard::may_have_changed_since(const Survey& survey) const {
  constexpr std::int64_t kClockSlackNanoseconds = 10'000'000'000;
  return std::any_of(watched_.begin(), watched_.end(), [&](const Watched& watched) {
    return watched.mtime_nanoseconds > survey.began_nanoseconds - kClockSlackNanoseconds;
  });
}

bool LinkGuard::watches_all_of(const Survey& survey) const {
  return std::all_of(
      survey.repositories.begin(), survey.repositories.end(), [&](const Repository& repository) {
        const std::string base = layout::repository_directory(servable_part(repository.name));
        return std::ranges::binary_search(watched_, base, {}, &Watched::path);
      });
}

bool LinkGuard::changed() {
  const auto begin = std::chrono::steady_clock::now();
  if (begin < next_) return false;
  const bool any = std::any_of(watched_.begin(), watched_.end(), [&](const Watched& watched) {
    return look(watched.path) != watched.mtime_nanoseconds;
  });
  const auto end = std::chrono::steady_clock::now();
  next_ = end + std::max<std::chrono::steady_clock::duration>(20 * (end - begin),
                                                              std::chrono::milliseconds(100));
  return any;
}

}  // namespace regsweep::analyzer
