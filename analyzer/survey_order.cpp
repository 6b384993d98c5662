#include "analyzer/survey_order.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::Event;
using storage::EventKind;

/// Whether a walk meets the markers of the repository `a`, whose names begin with '_', before those
/// of `b`. No repository has a component that begins so.
bool walked_before(const std::string& a, const std::string& b) noexcept {
  const auto marker_before = [](const std::string& above, const std::string& path) {
    return path[above.size()] != '/' || '_' < path[above.size() + 1];
  };
  if (a.size() < b.size() && b.starts_with(a)) return marker_before(a, b);
  if (b.size() < a.size() && a.starts_with(b)) return !marker_before(b, a);
  return walk_less(a, b);
}

/// A repository whose directory of tags could not be listed to its end may have more of them.
void note_unread_tags(Survey& survey) {
  const std::string top = layout::repository_directory("");
  for (const Event& event : survey.events) {
    if (event.kind != EventKind::kUnreadable || !event.path.starts_with(top)) continue;
    for (const char* directory : {layout::kTags, layout::kManifests}) {
      const std::string below = std::string("/") + directory;
      std::string_view name = event.path;
      if (!name.ends_with(below)) continue;
      name = name.substr(top.size(), name.size() - top.size() - below.size());
      if (const auto at = find_repository(survey, name))
        survey.repositories[*at].tags_unread = true;
    }
  }
}

void order_contents(Repository& repository, const Renumbering& renumber,
                    const DigestTable& digests) {
  for (Links* links : {&repository.revisions, &repository.layers}) {
    for (DigestId& id : links->paths) id = renumber(id);
    for (OddLink& odd : links->odd) {
      odd.path = renumber(odd.path);
      odd.content = renumber(odd.content);
    }
    // Ids follow the text but for late digests; odd links are looked up by id, paths by text.
    std::sort(links->paths.begin(), links->paths.end(),
              [&](DigestId a, DigestId b) { return digests.less(a, b); });
    links->paths.shrink_to_fit();
    std::sort(links->odd.begin(), links->odd.end(),
              [](const OddLink& a, const OddLink& b) { return a.path < b.path; });
  }
  for (Tag& tag : repository.tags) tag.digest = renumber(tag.digest);
  std::sort(repository.tags.begin(), repository.tags.end(),
            [](const Tag& a, const Tag& b) { return a.name < b.name; });
  repository.tags.shrink_to_fit();
}

/// The rows 0, 1 … `count` - 1, sorted.
template <class Less>
std::vector<std::uint32_t> sorted_rows(std::size_t count, Less&& less) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0U);
  std::sort(rows.begin(), rows.end(), less);
  return rows;
}

}  // namespace

void order_repositories(std::vector<std::unique_ptr<Repository>> met, std::vector<Upload> uploads,
                        const Renumbering& renumber, Survey& survey) {
  tbb::parallel_for(std::size_t{0}, met.size(), [&](std::size_t i) {
    order_contents(*met[i], renumber, survey.graph.digests);
  });
  const auto order = sorted_rows(
      met.size(), [&](std::uint32_t a, std::uint32_t b) { return met[a]->name < met[b]->name; });
  std::vector<std::uint32_t> new_row(met.size());
  survey.repositories.reserve(met.size());
  for (const std::uint32_t old : order) {
    new_row[old] = static_cast<std::uint32_t>(survey.repositories.size());
    survey.repositories.push_back(std::move(*met[old]));
    met[old].reset();  // a hundred thousand of them are never held twice
  }
  survey.walk_order = sorted_rows(met.size(), [&](std::uint32_t a, std::uint32_t b) {
    return walked_before(survey.repositories[a].name, survey.repositories[b].name);
  });
  for (Upload& upload : uploads) upload.repository = new_row[upload.repository];
  std::sort(uploads.begin(), uploads.end(), [](const Upload& a, const Upload& b) {
    return std::tie(a.repository, a.entry.id) < std::tie(b.repository, b.entry.id);
  });
  survey.uploads = std::move(uploads);
}

void order_stray_links(std::vector<StrayLink> met, const Renumbering& renumber, Survey& survey) {
  survey.stray_links = std::move(met);
  for (StrayLink& link : survey.stray_links) link.content = renumber(link.content);
  std::sort(survey.stray_links.begin(), survey.stray_links.end(),
            [](const StrayLink& a, const StrayLink& b) {
              return std::tie(a.repository, a.path) < std::tie(b.repository, b.path);
            });
}

void order_walk(std::vector<storage::WalkEntry> met, Survey& survey) {
  survey.walk = std::move(met);
  std::sort(survey.walk.begin(), survey.walk.end(),
            [](const storage::WalkEntry& a, const storage::WalkEntry& b) {
              return walk_less(a.path, b.path);
            });
}

void order_events(std::vector<Event> met, Survey& survey) {
  survey.events = std::move(met);
  std::sort(survey.events.begin(), survey.events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.path, a.kind, a.message) < std::tie(b.path, b.kind, b.message);
  });
  survey.events.erase(std::unique(survey.events.begin(), survey.events.end(),
                                  [](const Event& a, const Event& b) {
                                    return a.path == b.path && a.kind == b.kind;
                                  }),
                      survey.events.end());
  note_unread_tags(survey);
}

}  // namespace regsweep::analyzer
