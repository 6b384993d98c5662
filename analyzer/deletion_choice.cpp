#include "analyzer/deletion_choice.h"

#include <algorithm>
#include <map>

#include "analyzer/has_path.h"
#include "analyzer/sort_unique.h"

namespace regsweep::analyzer {
namespace {

std::vector<TagRef> tags_meaning(const Survey& survey, std::uint32_t r, DigestId id,
                                 std::uint32_t but) {
  std::vector<TagRef> tags;
  const Repository& repository = survey.repositories[r];
  for (std::uint32_t t = 0; t < repository.tags.size(); ++t) {
    if (t != but && repository.tags[t].digest == id) tags.push_back({r, t});
  }
  return tags;
}

/// Signatures and the like, as cosign names them.
std::vector<TagRef> tags_named_after(const Survey& survey, std::uint32_t r, DigestId id) {
  const std::string prefix = attached_tag_name(survey.graph.digests[id]);
  std::vector<TagRef> tags;
  const Repository& repository = survey.repositories[r];
  for (std::uint32_t t = 0; t < repository.tags.size(); ++t) {
    if (repository.tags[t].name.starts_with(prefix)) tags.push_back({r, t});
  }
  return tags;
}

/// Fills `parents` of all that were chosen.
void find_parents(const Graph& graph, std::vector<ChosenRef>& chosen) {
  std::multimap<DigestId, ChosenRef*> wanted;
  for (ChosenRef& one : chosen) {
    if (one.ref.digest != kNoDigest) wanted.emplace(one.ref.digest, &one);
  }
  for (const ManifestRow& manifest : graph.manifests) {
    graph.each_child(manifest, [&](DigestId child) {
      const auto [first, last] = wanted.equal_range(child);
      for (auto at = first; at != last; ++at) at->second->parents.push_back(manifest.id);
    });
  }
}

void sort_by_text(const Graph& graph, std::vector<DigestId>& ids) {
  std::sort(ids.begin(), ids.end(),
            [&](DigestId a, DigestId b) { return graph.digests.less(a, b); });
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

bool is_in_use(const Survey& survey, const Ref& ref, const std::vector<DigestId>& in_use) {
  const auto is_one = [&](DigestId id) {
    return std::binary_search(in_use.begin(), in_use.end(), id);
  };
  if (ref.kind != RefKind::kRepository) return is_one(ref.digest);
  const Repository& repository = survey.repositories[ref.repository];
  return std::ranges::any_of(repository.tags, is_one, &Tag::digest) ||
         std::ranges::any_of(repository.revisions.paths, is_one);
}

}  // namespace

ChoiceProblem problem_of(const Survey& survey, const Ref& ref, bool whole_repositories,
                         const std::vector<DigestId>& in_use) {
  if (is_in_use(survey, ref, in_use)) return ChoiceProblem::kInUse;
  switch (ref.kind) {
    case RefKind::kDigest:
      return ChoiceProblem::kNoRepository;
    case RefKind::kRepository:
      return whole_repositories ? ChoiceProblem::kNone : ChoiceProblem::kWholeRepository;
    case RefKind::kTag:
      return survey.repositories[ref.repository].tags[ref.tag].is_directory
                 ? ChoiceProblem::kNone
                 : ChoiceProblem::kStrayFile;
    case RefKind::kRevision: {
      const bool tagged = !tags_meaning(survey, ref.repository, ref.digest, kNoRow).empty();
      return tagged || has_path(survey.graph, survey.repositories[ref.repository].revisions,
                                ref.digest)
                 ? ChoiceProblem::kNone
                 : ChoiceProblem::kIsLayer;
    }
  }
  return ChoiceProblem::kNone;
}

std::vector<ChosenRef> choose(const Survey& survey, const std::vector<Ref>& refs) {
  std::vector<ChosenRef> chosen;
  for (const Ref& ref : refs) {
    ChosenRef& one = chosen.emplace_back();
    one.ref = ref;
    if (ref.digest != kNoDigest) {
      one.siblings = tags_meaning(survey, ref.repository, ref.digest, ref.tag);
      one.signatures = tags_named_after(survey, ref.repository, ref.digest);
      for (const auto& [subject, referrer] : Graph::rows_of(survey.graph.referrers, ref.digest)) {
        one.referrers.push_back(referrer);
      }
      sort_by_text(survey.graph, one.referrers);
    }
    if (ref.kind == RefKind::kRepository) {
      const std::string above = survey.repositories[ref.repository].name + '/';
      for (const Repository& repository : survey.repositories) {
        if (repository.name.starts_with(above)) one.below.push_back(repository.name);
      }
    }
  }
  find_parents(survey.graph, chosen);
  for (ChosenRef& one : chosen) sort_by_text(survey.graph, one.parents);
  return chosen;
}

Deletions deletions_for(const Survey& survey, const std::vector<ChosenRef>& chosen) {
  Deletions deletions;
  const auto digest_text = [&](DigestId id) {
    return id == kNoDigest ? std::string() : survey.graph.digests[id].text();
  };
  const auto add_tag = [&](const TagRef& at) {
    const Repository& repository = survey.repositories[at.repository];
    const Tag& tag = repository.tags[at.tag];
    deletions.tags.push_back({repository.name, tag.name, digest_text(tag.digest)});
  };
  for (const ChosenRef& one : chosen) {
    const std::string& name = survey.repositories[one.ref.repository].name;
    switch (one.ref.kind) {
      case RefKind::kTag:
        add_tag({one.ref.repository, one.ref.tag});
        break;
      case RefKind::kRevision:
        for (const TagRef& sibling : one.siblings) add_tag(sibling);
        deletions.revisions.push_back({name, digest_text(one.ref.digest)});
        break;
      case RefKind::kRepository:
        deletions.repositories.push_back(name);
        break;
      case RefKind::kDigest:
        break;
    }
  }
  sort_unique(deletions.tags);
  sort_unique(deletions.revisions);
  sort_unique(deletions.repositories);
  return deletions;
}

}  // namespace regsweep::analyzer
