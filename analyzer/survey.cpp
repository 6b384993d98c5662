#include "analyzer/survey.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "analyzer/survey_builder.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

using storage::EventKind;
using storage::FileClass;

/// Whether the scan saw as many blobs as the complete walk.
bool inventory_agrees(const Survey& survey) {
  std::uint64_t objects = 0;
  survey.graph.each_blob([&](DigestId) { ++objects; });
  return objects == survey.inventory[FileClass::kBlobData].objects;
}

bool has_unread(const Survey& survey) {
  return std::any_of(survey.events.begin(), survey.events.end(), [](const storage::Event& event) {
    return event.kind == EventKind::kUnreadable;
  });
}

Survey survey_once(const storage::Store& store, const SurveyOptions& options) {
  const auto began = std::chrono::system_clock::now().time_since_epoch();
  // Only the drop-in garbage-collect asks for names without stray links.
  SurveyBuilder builder(store, options.names_only && options.stray_links == StrayLinks::kLeave);
  const storage::ScanOptions scan{options.read_layer_links || options.exact, !options.exact,
                                  options.interrupted};
  const storage::Status blobs = store.scan_blobs(builder, scan);
  builder.seal_blobs();
  const storage::Status repositories = store.scan_repositories(builder, scan);
  const storage::Inventory inventory =
      store.take_inventory(builder, {!options.exact, !options.names_only, options.interrupted});
  for (const storage::Digest& digest : options.pinned) builder.pin(digest);
  const bool interrupted = options.interrupted();
  Survey result = builder.finish();
  result.began_nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(began).count();
  result.inventory = inventory;
  for (const storage::Digest& digest : options.pinned) {
    if (const auto id = result.graph.digests.find(digest)) result.pinned.push_back(*id);
  }
  std::sort(result.pinned.begin(), result.pinned.end());
  result.exact = options.exact && !options.names_only;
  const auto there = [](const storage::Status& status) {
    return status || status.error().code != storage::Errc::kNotFound;
  };
  result.has_blobs = there(blobs);
  result.has_repositories = there(repositories);
  const bool unread = has_unread(result);
  result.interrupted = interrupted;
  if (result.exact && !unread && !interrupted && !inventory_agrees(result)) result.changed = true;
  result.complete &= !unread && !interrupted;
  return result;
}

}  // namespace

const OddLink* Links::odd_at(DigestId path) const {
  const auto at =
      std::lower_bound(odd.begin(), odd.end(), path,
                       [](const OddLink& link, DigestId wanted) { return link.path < wanted; });
  return at != odd.end() && at->path == path ? &*at : nullptr;
}

DigestId Links::content_of(DigestId path) const {
  const OddLink* link = odd_at(path);
  return link == nullptr ? path : link->content;
}

DigestId Links::blob_of(DigestId path) const {
  const DigestId content = content_of(path);
  return content == kNoDigest ? path : content;
}

Survey survey(const storage::Store& store, const SurveyOptions& wanted) {
  SurveyOptions options = wanted;
  for (int attempt = 1;; ++attempt) {
    Survey result = survey_once(store, options);
    if (options.stray_links != StrayLinks::kLeave && !options.exact &&
        result.may_have_stray_links) {
      options.exact = true;
      options.names_only = options.stray_links == StrayLinks::kRead;
      result = {};  // two would be held at once
      result = survey_once(store, options);
    }
    if (!result.changed || result.interrupted) return result;
    if (attempt >= options.attempts) {
      result.complete = false;
      return result;
    }
  }
}

namespace {

template <class Rows, class Name>
std::optional<std::uint32_t> row_of(const Rows& rows, std::string_view wanted, Name name) {
  const auto at = std::ranges::lower_bound(rows, wanted, {}, name);
  if (at == rows.end() || std::invoke(name, *at) != wanted) return std::nullopt;
  return static_cast<std::uint32_t>(at - rows.begin());
}

}  // namespace

std::optional<std::uint32_t> find_repository(const Survey& survey, std::string_view name) {
  return row_of(survey.repositories, name, &Repository::name);
}

std::optional<std::uint32_t> find_tag(const Repository& repository, std::string_view name) {
  return row_of(repository.tags, name, &Tag::name);
}

std::span<const StrayLink> stray_links_of(const Survey& survey, std::string_view repository) {
  // Not equal_range(): clang 14 refuses libstdc++'s subrange.
  const std::vector<StrayLink>& links = survey.stray_links;
  return {std::ranges::lower_bound(links, repository, {}, &StrayLink::repository),
          std::ranges::upper_bound(links, repository, {}, &StrayLink::repository)};
}

bool walk_less(std::string_view a, std::string_view b) noexcept {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto key = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
    return key(x) < key(y);
  });
}

}  // namespace regsweep::analyzer
