#include "analyzer/account.h"

#include <algorithm>
#include <utility>

#include "analyzer/blob_class.h"
#include "analyzer/hard_links.h"

namespace regsweep::analyzer {
namespace {

using storage::ClassTotal;
using storage::Event;
using storage::EventKind;
using storage::FileClass;

void count_blobs(const Survey& survey, Accounts& accounts) {
  survey.graph.each_blob([&](DigestId id) {
    SpaceRow& space = accounts[class_of(accounts, id)];
    ++space.objects;
    space.bytes += survey.graph.bytes(id);
  });
}

void add(SpaceRow& to, const ClassTotal& total) {
  to.objects += total.objects;
  to.bytes += {total.apparent_bytes, total.allocated_bytes};
}

/// Average of the sample times `count`.
Bytes extrapolate(const ClassTotal& sample, std::uint64_t count) {
  if (sample.objects == 0) return {};
  return {storage::saturating_mul(sample.apparent_bytes / sample.objects, count),
          storage::saturating_mul(sample.allocated_bytes / sample.objects, count)};
}

/// Links and directories by count, sized by the sample: they were listed, not looked at.
void estimate_structure(const Survey& survey, SpaceRow& structure) {
  std::uint64_t links = 0;
  std::uint64_t directories = 3;  // docker, registry, v2
  for (const Repository& repository : survey.repositories) {
    const std::uint64_t digests =
        repository.revisions.paths.size() + repository.layers.paths.size();
    std::uint64_t tag_links = 0;
    for (const Tag& tag : repository.tags)
      tag_links += 1 + (tag.index_counted ? tag.index_entries : 1);
    links += digests + tag_links;
    directories += 8 + digests + tag_links + 3 * repository.tags.size();
  }
  std::uint64_t blobs = 0;
  for (const std::uint16_t flags : survey.graph.flags) blobs += (flags & kPresent) != 0 ? 1 : 0;
  directories += blobs + std::min<std::uint64_t>(blobs, 256) + 2;
  structure.objects += links + directories;
  structure.bytes += extrapolate(survey.sampled_links, links);
  structure.bytes += extrapolate(survey.sampled_directories, directories);
  structure.estimated = true;
}

void count_the_rest(const Survey& survey, Accounts& accounts) {
  const storage::Inventory& inventory = survey.inventory;
  SpaceRow& uploads = accounts[SpaceClass::kUploads];
  if (survey.exact) {
    add(uploads, inventory[FileClass::kUpload]);
  } else {
    for (const Upload& upload : survey.uploads) {
      uploads.objects += upload.entry.files;
      uploads.bytes += {upload.entry.size_bytes, upload.entry.allocated_bytes};
    }
  }
  add(accounts[SpaceClass::kQuarantine], inventory[FileClass::kQuarantine]);
  SpaceRow& other = accounts[SpaceClass::kOther];
  add(other, inventory[FileClass::kTemporary]);
  add(other, inventory[FileClass::kOther]);
  SpaceRow& structure = accounts[SpaceClass::kStructure];
  add(structure, inventory[FileClass::kDirectory]);
  add(structure, inventory[FileClass::kLink]);
  if (survey.exact) return;
  other.objects += survey.stray_files.objects;
  other.bytes += survey.stray_files.bytes;
  for (const Event& event : survey.events) {
    const bool file = event.kind == EventKind::kSymlink || event.kind == EventKind::kSpecialFile ||
                      event.kind == EventKind::kTemporaryFile;
    if (!file) continue;
    ++other.objects;
    other.bytes += {event.facts.size_bytes, event.facts.allocated_bytes};
  }
  estimate_structure(survey, structure);
}

}  // namespace

StoreCounts counts_of(const Accounts& accounts) noexcept {
  StoreCounts counts;
  counts.repositories = accounts.repositories.size();
  for (const RepositoryFigures& figures : accounts.repositories) {
    counts.tags += figures.tags;
    counts.revisions += figures.revisions;
    counts.layer_links += figures.layer_links;
  }
  counts.blobs = accounts[SpaceClass::kTagged].objects + accounts[SpaceClass::kUntagged].objects +
                 accounts[SpaceClass::kGarbage].objects;
  return counts;
}

Accounts account(Survey& survey) {
  Accounts accounts;
  accounts.live_by_tag = mark(survey, safe_policy(true));
  accounts.live = mark(survey, safe_policy(false));
  settle_hard_links(survey, [&](DigestId id) { return static_cast<int>(class_of(accounts, id)); });
  count_blobs(survey, accounts);
  count_the_rest(survey, accounts);
  for (const SpaceRow& space : accounts.space) {
    accounts.total.objects += space.objects;
    accounts.total.bytes += space.bytes;
    accounts.total.estimated |= space.estimated;
  }
  Attribution shares = attribute(survey, accounts.live);
  accounts.repositories = std::move(shares.groups);
  accounts.garbage_of_one = shares.garbage_of_one;
  accounts.garbage_of_several = shares.garbage_of_several;
  accounts.garbage_of_none = shares.garbage_of_none;
  accounts.shared = shares.shared;
  return accounts;
}

}  // namespace regsweep::analyzer
