#include "analyzer/known.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "analyzer/has_path.h"
#include "analyzer/mark.h"

namespace regsweep::analyzer {
namespace {

using storage::LinkState;

class Comparer {
 public:
  Comparer(const Survey& survey, const Accounts& accounts, const KnownList& list)
      : survey_(survey), graph_(survey.graph), accounts_(accounts), list_(list) {
    for (const Repository& repository : survey.repositories) {
      by_name_.emplace(repository.name, &repository);
    }
  }

  KnownComparison run() {
    out_.listed_blobs = list_.blobs.size();
    out_.listed_tags = list_.tags.size();
    out_.listed_revisions = list_.revisions.size();
    out_.tags_compared = !list_.tags.empty();
    std::vector<DigestId> roots;
    tags(roots);
    revisions(roots);
    Marks known(graph_.node_count());
    // Before the blobs: a digest that is marked already is not walked on from.
    extend(graph_, safe_policy(true), std::move(roots), known);
    blobs(known);
    stored(known);
    return std::move(out_);
  }

 private:
  const Repository* repository(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  /// The blob that a registry serves for a digest; kNoDigest if there is none that is a file.
  DigestId blob_of(const std::optional<DigestId>& id) const {
    const DigestId blob = id ? graph_.present_blob(*id) : kNoDigest;
    return blob != kNoDigest && graph_.is_counted(blob) ? blob : kNoDigest;
  }

  void tags(std::vector<DigestId>& roots) {
    if (list_.tags.empty()) return;
    for (const KnownList::Tag& listed : list_.tags) {
      const Repository* in = repository(listed.repository);
      const Tag* tag = in == nullptr ? nullptr : meaningful_tag(*in, listed.name);
      if (tag == nullptr) {
        out_.tags_only_listed.push_back(listed);
      } else {
        roots.push_back(tag->digest);
        ++out_.tags_in_both;
      }
    }
    for (std::size_t r = 0; r < survey_.repositories.size(); ++r) {
      const Repository& in = survey_.repositories[r];
      for (std::size_t t = 0; t < in.tags.size(); ++t) {
        if (in.tags[t].state != LinkState::kRead) continue;
        if (std::binary_search(list_.tags.begin(), list_.tags.end(),
                               KnownList::Tag{in.name, in.tags[t].name})) {
          continue;
        }
        out_.tags_only_stored.push_back(
            {static_cast<std::uint32_t>(r), static_cast<std::uint32_t>(t)});
      }
    }
  }

  /// A tag that means a digest; nullptr if there is none.
  static const Tag* meaningful_tag(const Repository& in, const std::string& name) {
    const auto at = find_tag(in, name);
    return at && in.tags[*at].state == LinkState::kRead ? &in.tags[*at] : nullptr;
  }

  void revisions(std::vector<DigestId>& roots) {
    for (const KnownList::Revision& listed : list_.revisions) {
      const Repository* in = repository(listed.repository);
      const auto id = graph_.digests.find(listed.digest);
      if (id) roots.push_back(*id);
      if (in == nullptr || blob_of(id) == kNoDigest || !has_path(graph_, in->revisions, *id)) {
        out_.revisions_only_listed.push_back(listed);
      }
    }
  }

  void blobs(Marks& known) {
    for (const KnownList::Blob& listed : list_.blobs) {
      const auto id = graph_.digests.find(listed.digest);
      const DigestId blob = blob_of(id);
      if (blob == kNoDigest) {
        out_.blobs_only_listed.push_back(listed);
        out_.only_listed_bytes =
            storage::saturating_add(out_.only_listed_bytes, listed.size_bytes.value_or(0));
        continue;
      }
      known[row(blob)] = 1;
      const std::uint64_t stored = graph_.size_bytes[row(blob)];
      if (listed.size_bytes && *listed.size_bytes != stored) {
        out_.size_differences.push_back({*id, *listed.size_bytes, stored});
      }
    }
  }

  void stored(const Marks& known) {
    const auto add = [&](SpaceRow& to, DigestId id) {
      ++to.objects;
      to.bytes += graph_.bytes(id);
    };
    graph_.each_blob([&](DigestId id) {
      if (known[row(id)] != 0) {
        add(out_.blobs_in_both, id);
        return;
      }
      add(out_.blobs_only_stored, id);
      if (accounts_.live[row(id)] == 0) add(out_.garbage_only_stored, id);
      out_.only_stored.push_back(id);
    });
    std::sort(out_.only_stored.begin(), out_.only_stored.end(),
              [&](DigestId a, DigestId b) { return graph_.digests.less(a, b); });
  }

  const Survey& survey_;
  const Graph& graph_;
  const Accounts& accounts_;
  const KnownList& list_;
  std::unordered_map<std::string, const Repository*> by_name_;
  KnownComparison out_;
};

}  // namespace

KnownComparison compare_known(const Survey& survey, const Accounts& accounts,
                              const KnownList& list) {
  return Comparer(survey, accounts, list).run();
}

}  // namespace regsweep::analyzer
