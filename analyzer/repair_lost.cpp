// Which lost manifests come back as tags, and where.
#include <algorithm>

#include "analyzer/mark.h"
#include "analyzer/repair_parts.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::Addition;
using storage::AdditionClass;
using storage::Digest;

/// What tags and revisions reach, in the store as it is and as it will be: a child of an index that
/// is damaged is not lost.
Marks held_in(const RepairState& state, const Survey& as_it_is) {
  const Policy policy = safe_policy(false);
  Marks held = mark(state.survey, policy);
  if (&as_it_is == &state.survey) return held;
  const Marks before = mark(as_it_is, policy);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == 0) continue;
    const auto id = state.survey.graph.digests.find(as_it_is.graph.digests[digest_id(i)]);
    if (id) held[row(*id)] = 1;
  }
  return held;
}

const Repository& named(const Survey& survey, const std::string& name) {
  return survey.repositories[find_repository(survey, name).value()];
}

/// A tag without a current link is what a repair that was cut off left.
bool has_tag(const Repository& repository, const std::string& name) {
  return std::any_of(repository.tags.begin(), repository.tags.end(), [&](const Tag& tag) {
    return tag.name == name && (tag.state != storage::LinkState::kAbsent || !tag.is_directory);
  });
}

/// Why it cannot come back, empty if it can; sets `tag` and `repository` then.
std::string obstacle(RepairState& state, LostFound& found) {
  const LostManifest& lost = found.manifest;
  if (lost.missing != 0) return "some of its blobs are missing";
  if (lost.repositories.empty()) return "no repository links all of its layers any more";
  state.content.check(lost.blobs);
  for (const Digest& digest : lost.blobs) {
    if (!state.content.is_sound(digest))
      return digest.text() + " " + state.content.of(digest).message;
  }
  const std::string tag = "lost-found-" + lost.digest.hex().substr(0, 12);
  const Repository& repository = named(state.survey, lost.repositories.front());
  if (has_tag(repository, tag)) return "a tag of that name is there already";
  found.tag = tag;
  found.repository = repository.name;
  return {};
}

void add_tag(const RepairState& state, const LostFound& found, std::vector<Addition>& additions) {
  const Survey& survey = state.survey;
  const Repository& repository = named(survey, found.repository);
  const std::string reason = "a lost manifest comes back as " + found.tag;
  const auto add = [&](AdditionClass addition_class, std::string link, const Digest& digest) {
    additions.push_back({addition_class, std::move(link), digest, {}, reason});
  };
  const auto add_revision = [&](const Digest& digest) {
    const auto id = survey.graph.digests.find(digest);
    if (id && has_path(survey.graph, repository.revisions, *id)) return;
    add(AdditionClass::kRevisionLink,
        layout::link_in(layout::revision_directory(repository.name, digest)), digest);
  };
  const Digest& digest = found.manifest.digest;
  const std::string tag = layout::tag_directory(repository.name, found.tag);
  const std::string entry = layout::link_in(layout::entry_directory(tag, digest));
  if (!state.store.stat_path(entry)) add(AdditionClass::kTagIndexLink, entry, digest);
  add(AdditionClass::kTagCurrentLink, layout::current_link(tag), digest);
  add_revision(digest);
  for (const Digest& child : found.manifest.children) add_revision(child);
}

}  // namespace

std::vector<LostFound> find_lost(RepairState& state, const Survey& as_it_is, bool lost_found,
                                 std::vector<Addition>& additions) {
  std::vector<LostFound> all;
  for (LostManifest& lost :
       find_lost_manifests(state.healed, state.survey, held_in(state, as_it_is))) {
    LostFound found;
    found.manifest = std::move(lost);
    if (lost_found) {
      found.outcome = obstacle(state, found);
      if (found.outcome.empty()) add_tag(state, found, additions);
    }
    all.push_back(std::move(found));
  }
  return all;
}

}  // namespace regsweep::analyzer
