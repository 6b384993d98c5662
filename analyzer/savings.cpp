#include "analyzer/savings.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "analyzer/blob_class.h"
#include "analyzer/few_threads.h"
#include "analyzer/grouping.h"
#include "analyzer/owners.h"
#include "analyzer/without.h"

namespace regsweep::analyzer {
namespace {

/// The tags of a repository that go if the `keep` newest stay, and what is in use, as prune does.
std::vector<const Tag*> dropped_tags(const Repository& repository, std::size_t keep,
                                     const std::vector<DigestId>& in_use) {
  if (tags_are_unclear(repository) || repository.tags.size() <= keep) return {};
  std::vector<const Tag*> tags;
  for (const Tag& tag : repository.tags) {
    if (tag.state == storage::LinkState::kRead && tag.pushed_seconds != 0) tags.push_back(&tag);
  }
  std::stable_sort(tags.begin(), tags.end(), [](const Tag* a, const Tag* b) {
    return a->pushed_seconds > b->pushed_seconds;
  });
  tags.erase(tags.begin(), tags.begin() + static_cast<std::ptrdiff_t>(std::min(keep, tags.size())));
  std::erase_if(tags, [&](const Tag* tag) {
    return tag->name == "latest" || std::ranges::binary_search(in_use, tag->digest);
  });
  return tags;
}

/// Works out, for one number of tags to keep, what each namespace would free.
class KeepLast {
 public:
  KeepLast(const Survey& survey, const Accounts& accounts, const std::vector<DigestId>& in_use,
           std::uint32_t keep)
      : survey_(survey),
        graph_(survey.graph),
        accounts_(accounts),
        in_use_(in_use),
        keep_(keep),
        kept_(graph_.node_count()),
        only_by_(graph_.node_count()),
        stamps_([this] { return std::vector<std::uint32_t>(graph_.node_count()); }) {}

  /// One row a namespace that would free something.
  std::vector<Saving> run() {
    sort_tags();
    if (namespaces_.empty()) return {};
    mark_kept();
    on_few_threads(namespaces_.size(),
                   [&](std::size_t i) { walk_dropped(static_cast<std::uint32_t>(i)); });
    graph_.each_blob([&](DigestId id) {
      const std::uint32_t owner = only_by_[id];
      if (owner < Owners::kSeveral) namespaces_[owner].saving.frees += graph_.bytes(id);
    });
    std::vector<Saving> savings;
    for (Namespace& one : namespaces_) {
      if (one.saving.frees != Bytes{}) savings.push_back(std::move(one.saving));
    }
    return savings;
  }

 private:
  struct Namespace {
    Saving saving;
    std::vector<DigestId> dropped;
  };

  /// Only namespaces that lose a tag get a number.
  void sort_tags() {
    std::map<std::string_view, std::uint32_t> numbers;
    dropped_of_.resize(survey_.repositories.size());
    for (std::size_t i = 0; i < survey_.repositories.size(); ++i) {
      const Repository& repository = survey_.repositories[i];
      dropped_of_[i] = dropped_tags(repository, keep_, in_use_);
      if (dropped_of_[i].empty()) continue;
      const std::string_view name = first_components(repository.name, 1);
      const auto number = static_cast<std::uint32_t>(namespaces_.size());
      const auto [at, fresh] = numbers.try_emplace(name, number);
      if (fresh) {
        namespaces_.emplace_back();
        namespaces_.back().saving = {Saving::Kind::kKeepLast, std::string(name), keep_, 0, {}};
      }
      Namespace& one = namespaces_[at->second];
      one.saving.count += dropped_of_[i].size();
      for (const Tag* tag : dropped_of_[i]) one.dropped.push_back(tag->digest);
      std::sort(dropped_of_[i].begin(), dropped_of_[i].end());
    }
  }

  void mark_kept() {
    tbb::parallel_for(std::size_t{0}, survey_.repositories.size(), [&](std::size_t i) {
      const Repository& repository = survey_.repositories[i];
      std::vector<DigestId> roots;
      if (dropped_of_[i].empty()) {
        add_roots(survey_, repository, policy_.roots, roots);
      } else {
        for (const Tag& tag : repository.tags) {
          const bool goes = std::binary_search(dropped_of_[i].begin(), dropped_of_[i].end(), &tag);
          if (tag.state == storage::LinkState::kRead && !goes) roots.push_back(tag.digest);
        }
      }
      extend(graph_, policy_, std::move(roots), kept_);
    });
    extend(graph_, policy_, survey_.pinned, kept_);
  }

  void walk_dropped(std::uint32_t number) {
    std::vector<std::uint32_t>& stamps = stamps_.local();
    const std::uint32_t here = number + 1;
    const auto first = [&](DigestId id) {
      return kept_[row(id)] == 0 && std::exchange(stamps[row(id)], here) != here;
    };
    std::vector<DigestId> pending;
    for (const DigestId id : namespaces_[number].dropped) {
      if (first(id)) pending.push_back(id);
    }
    while (!pending.empty()) {
      const DigestId id = pending.back();
      pending.pop_back();
      if (accounts_.live_by_tag[row(id)] != 0) only_by_.add(id, number);
      each_step(graph_, id, policy_, [&](DigestId next) {
        if (first(next)) pending.push_back(next);
      });
    }
  }

  const Survey& survey_;
  const Graph& graph_;
  const Accounts& accounts_;
  const std::vector<DigestId>& in_use_;
  const std::uint32_t keep_;
  const Policy policy_ = safe_policy(true);
  std::vector<std::vector<const Tag*>> dropped_of_;  ///< by repository, sorted by address
  std::vector<Namespace> namespaces_;
  Marks kept_;      ///< reached by a tag that stays, or in use
  Owners only_by_;  ///< the namespace whose dropped tags reach it, where nothing kept does
  tbb::enumerable_thread_specific<std::vector<std::uint32_t>> stamps_;
};

}  // namespace

std::vector<Saving> what_frees_most(const Survey& survey, const Accounts& accounts,
                                    const SpaceRow& old_uploads) {
  std::vector<Saving> savings;
  const auto add = [&](Saving::Kind kind, const SpaceRow& space) {
    if (space.objects != 0) savings.push_back({kind, {}, 0, space.objects, space.bytes});
  };
  add(Saving::Kind::kGarbage, accounts[SpaceClass::kGarbage]);
  add(Saving::Kind::kUploads, old_uploads);
  add(Saving::Kind::kUntagged, accounts[SpaceClass::kUntagged]);
  const std::vector<DigestId> in_use = manifests_in_use(survey);
  for (const std::uint32_t keep : kKeptTags) {
    for (Saving& saving : KeepLast(survey, accounts, in_use, keep).run()) {
      savings.push_back(std::move(saving));
    }
  }
  const auto order = [](const Saving& saving) {
    return std::tie(saving.kind, saving.name_space, saving.keep);
  };
  std::sort(savings.begin(), savings.end(), [&](const Saving& a, const Saving& b) {
    if (a.frees.allocated != b.frees.allocated) return a.frees.allocated > b.frees.allocated;
    return order(a) < order(b);
  });
  return savings;
}

}  // namespace regsweep::analyzer
