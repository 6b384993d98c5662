#include "reports/audit_diff.h"

#include <fmt/format.h>

#include <algorithm>

namespace regsweep::reports {
namespace {

using analyzer::Bytes;
using analyzer::SpaceClass;
using analyzer::SpaceRow;

BytesChange change(const Bytes& before, const Bytes& after) noexcept {
  return {{before.apparent, after.apparent}, {before.allocated, after.allocated}};
}

SpaceChange change(const SpaceRow& before, const SpaceRow& after) noexcept {
  return {{before.objects, after.objects},
          change(before.bytes, after.bytes),
          before.estimated || after.estimated};
}

RepositoryChange change(const SavedRepository& before, const SavedRepository& after) {
  RepositoryChange row;
  row.additive.tags = {before.tags, after.tags};
  row.additive.revisions = {before.revisions, after.revisions};
  row.additive.layer_links = {before.layer_links, after.layer_links};
  row.additive.exclusive = change(before.exclusive, after.exclusive);
  row.additive.reclaimable = change(before.reclaimable, after.reclaimable);
  row.size = change(before.size, after.size);
  row.shared = change(before.shared, after.shared);
  row.untagged = change(before.untagged, after.untagged);
  return row;
}

bool is_steady(const Change& number) noexcept { return number.before == number.after; }
bool is_steady(const BytesChange& bytes) noexcept {
  return is_steady(bytes.apparent) && is_steady(bytes.allocated);
}
bool is_steady(const RepositoryChange& row) noexcept {
  const AdditiveChange& additive = row.additive;
  return is_steady(additive.tags) && is_steady(additive.revisions) &&
         is_steady(additive.layer_links) && is_steady(additive.exclusive) &&
         is_steady(additive.reclaimable) && is_steady(row.size) && is_steady(row.shared) &&
         is_steady(row.untagged);
}

/// Walks two sorted lists side by side: `visit` gets nullptr for what a list lacks.
template <class Row, class Key, class Visit>
void join(const std::vector<Row>& before, const std::vector<Row>& after, Key&& key, Visit&& visit) {
  auto old_row = before.begin();
  auto new_row = after.begin();
  while (old_row != before.end() || new_row != after.end()) {
    if (new_row == after.end() || (old_row != before.end() && key(*old_row) < key(*new_row))) {
      visit(&*old_row++, static_cast<const Row*>(nullptr));
    } else if (old_row == before.end() || key(*new_row) < key(*old_row)) {
      visit(static_cast<const Row*>(nullptr), &*new_row++);
    } else {
      visit(&*old_row++, &*new_row++);
    }
  }
}

void compare_repositories(const SavedAudit& before, const SavedAudit& after, AuditDiff& diff) {
  const auto name = [](const SavedRepository& one) -> const std::string& { return one.name; };
  const auto visit = [&](const SavedRepository* old_one, const SavedRepository* new_one) {
    const SavedRepository none;
    RepositoryChange row =
        change(old_one == nullptr ? none : *old_one, new_one == nullptr ? none : *new_one);
    diff.all_repositories += row.additive;
    if (old_one != nullptr && new_one != nullptr && is_steady(row)) {
      ++diff.unchanged_repositories;
      return;
    }
    row.name = old_one == nullptr ? new_one->name : old_one->name;
    if (old_one == nullptr) {
      row.state = RepositoryState::kNew;
      ++diff.new_repositories;
    } else if (new_one == nullptr) {
      row.state = RepositoryState::kGone;
      ++diff.gone_repositories;
    }
    diff.repositories.push_back(std::move(row));
  };
  join(before.repositories, after.repositories, name, visit);
}

void compare_findings(const SavedAudit& before, const SavedAudit& after, AuditDiff& diff) {
  const auto code = [](const SavedFinding& one) -> const std::string& { return one.code; };
  const auto visit = [&](const SavedFinding* old_one, const SavedFinding* new_one) {
    const SavedFinding& words = new_one == nullptr ? *old_one : *new_one;
    const Change objects = {old_one == nullptr ? 0 : old_one->objects,
                            new_one == nullptr ? 0 : new_one->objects};
    if (old_one != nullptr && new_one != nullptr && is_steady(objects)) {
      ++diff.unchanged_findings;
      return;
    }
    diff.findings.push_back({words.code, words.concern, objects, words.message});
  };
  join(before.findings, after.findings, code, visit);
  std::stable_sort(
      diff.findings.begin(), diff.findings.end(),
      [](const FindingChange& a, const FindingChange& b) { return a.concern > b.concern; });
}

/// Blobs that something reaches and that are not of one repository alone.
Bytes not_exclusive(const SavedAudit& audit) noexcept {
  Bytes rest = audit[SpaceClass::kTagged].bytes + audit[SpaceClass::kUntagged].bytes;
  for (const SavedRepository& repository : audit.repositories) rest -= repository.exclusive;
  return rest;
}

std::vector<DiffNote> find_notes(const AuditDiff& diff) {
  std::vector<DiffNote> notes;
  if (diff.before.root != diff.after.root) notes.push_back(DiffNote::kOtherStore);
  if (!diff.before.complete) notes.push_back(DiffNote::kOldIncomplete);
  if (!diff.after.complete) notes.push_back(DiffNote::kNewIncomplete);
  if (diff.before.exact != diff.after.exact) {
    notes.push_back(DiffNote::kExactDiffers);
  } else if (diff.total.estimated) {
    notes.push_back(DiffNote::kEstimated);
  }
  return notes;
}

/// How far the column moved by which rows are sorted.
std::uint64_t weight(const RepositoryChange& row, const DiffOrder& order) noexcept {
  const auto bytes = [&](const BytesChange& change) {
    return order.apparent ? change.apparent.distance() : change.allocated.distance();
  };
  switch (order.sort) {
    case DiffSort::kSize:
      return bytes(row.size);
    case DiffSort::kExclusive:
      return bytes(row.additive.exclusive);
    case DiffSort::kReclaimable:
      return bytes(row.additive.reclaimable);
    case DiffSort::kTags:
      return row.additive.tags.distance();
    case DiffSort::kName:
      break;
  }
  return 0;
}

}  // namespace

AdditiveChange& AdditiveChange::operator+=(const AdditiveChange& other) noexcept {
  tags += other.tags;
  revisions += other.revisions;
  layer_links += other.layer_links;
  exclusive += other.exclusive;
  reclaimable += other.reclaimable;
  return *this;
}

AuditDiff compare_audits(const SavedAudit& before, const SavedAudit& after) {
  AuditDiff diff;
  diff.before = {before.file, before.root, before.complete, before.exact};
  diff.after = {after.file, after.root, after.complete, after.exact};
  diff.repository_count = {before.repositories.size(), after.repositories.size()};
  diff.tags = {before.tags, after.tags};
  diff.blobs = {before.blobs, after.blobs};
  for (std::size_t i = 0; i < diff.space.size(); ++i) {
    diff.space[i] = change(before.space[i], after.space[i]);
  }
  diff.total = change(before.total, after.total);
  compare_repositories(before, after, diff);
  diff.not_exclusive = change(not_exclusive(before), not_exclusive(after));
  diff.garbage_of_several = change(before.garbage_of_several, after.garbage_of_several);
  diff.garbage_of_none = change(before.garbage_of_none, after.garbage_of_none);
  compare_findings(before, after, diff);
  diff.notes = find_notes(diff);
  return diff;
}

DiffRows diff_rows(const AuditDiff& diff, const DiffOrder& order) {
  DiffRows rows;
  rows.shown.reserve(diff.repositories.size());
  for (const RepositoryChange& row : diff.repositories) rows.shown.push_back(&row);
  std::stable_sort(rows.shown.begin(), rows.shown.end(),
                   [&](const RepositoryChange* a, const RepositoryChange* b) {
                     return weight(*a, order) > weight(*b, order);
                   });
  for (std::size_t i = order.most_repositories; i < rows.shown.size(); ++i) {
    ++rows.others_count;
    rows.others += rows.shown[i]->additive;
  }
  rows.shown.resize(std::min(rows.shown.size(), order.most_repositories));
  return rows;
}

std::string_view state_name(RepositoryState state) noexcept {
  switch (state) {
    case RepositoryState::kNew:
      return "new";
    case RepositoryState::kGone:
      return "gone";
    case RepositoryState::kChanged:
      break;
  }
  return "changed";
}

std::string_view note_code(DiffNote note) noexcept {
  switch (note) {
    case DiffNote::kOtherStore:
      return "other-store";
    case DiffNote::kOldIncomplete:
      return "old-incomplete";
    case DiffNote::kNewIncomplete:
      return "new-incomplete";
    case DiffNote::kExactDiffers:
      return "exact-differs";
    case DiffNote::kEstimated:
      break;
  }
  return "estimated";
}

std::string note_text(DiffNote note, const AuditDiff& diff) {
  switch (note) {
    case DiffNote::kOtherStore:
      return fmt::format("these are two stores, or one that was moved: {} and {}", diff.before.root,
                         diff.after.root);
    case DiffNote::kOldIncomplete:
    case DiffNote::kNewIncomplete:
      return fmt::format(
          "{} is incomplete: not everything could be read, so what seems to have changed may have "
          "been unread",
          note == DiffNote::kOldIncomplete ? diff.before.file : diff.after.file);
    case DiffNote::kExactDiffers:
      return fmt::format(
          "only {} was made with --exact: other files, links and directories were counted in two "
          "ways, and so was the total; blobs and repositories compare",
          diff.before.exact ? diff.before.file : diff.after.file);
    case DiffNote::kEstimated:
      break;
  }
  return "~ links and directories were counted, not sized; audits with --exact size every one";
}

}  // namespace regsweep::reports
