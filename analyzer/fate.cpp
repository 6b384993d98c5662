#include "analyzer/fate.h"

#include <set>

namespace regsweep::analyzer {
namespace {

void compare(const Survey& survey, const Accounts& accounts, const CollectorRun& run,
             const FateOf& of, Fate& fate) {
  const DigestId object = of.object;
  // With -m the user gives up what no tag needs; without it nothing that a revision reaches.
  const Marks& live = fate.delete_untagged ? accounts.live_by_tag : accounts.live;
  if (object != kNoDigest) fate.object_must_live = live[row(object)] != 0;
  const auto first = [&](DigestId& best, DigestId id) {
    if (best == kNoDigest || survey.graph.digests.less(id, best)) best = id;
  };
  const bool sweeps = run.error.empty();
  if (sweeps) {
    for (const DigestId id : run.blobs) {
      if (id == object) {
        fate.deletes_object = true;
      } else if (of.parts[row(id)] != 0) {
        ++fate.parts;
        if (live[row(id)] == 0) continue;
        ++fate.parts_alive;
        first(fate.first_part, id);
      }
    }
  }
  std::set<DigestId> children;
  for (const DoomedLink& link : run.manifests) {
    if (link.digest == object) {
      ++fate.revisions;
    } else if (of.parts[row(link.digest)] == 0) {
      continue;
    }
    // A child without its revision is not served, even if its blob stays.
    if (of.needed_in[link.repository] == 0 || !survey.graph.has(link.digest, kPresent)) continue;
    if (!children.insert(link.digest).second) continue;
    ++fate.lost_children;
    first(fate.first_child, link.digest);
  }
}

}  // namespace

std::array<Fate, kCollectors> find_fates(const Survey& survey, const Accounts& accounts,
                                         const std::string& root, const FateOf& of) {
  std::array<Fate, kCollectors> fates;
  for_each_collector(survey, root,
                     [&](std::size_t i, const CollectorEnd& end, const CollectorRun& run) {
                       Fate& fate = fates[i];
                       static_cast<CollectorEnd&>(fate) = end;
                       if (!fate.removes_nothing()) compare(survey, accounts, run, of, fate);
                     });
  return fates;
}

}  // namespace regsweep::analyzer
