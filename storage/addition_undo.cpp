#include "storage/addition_undo.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <unordered_map>

#include "storage/sweeper_shape.h"
#include "storage/sweeper_tree.h"

namespace regsweep::storage {
namespace {

class AdditionUndo {
 public:
  AdditionUndo(const LockedStore& store, const Directory& run, const RunContents& contents)
      : store_(store), run_(run), contents_(contents), journal_(contents.journal) {
    for (const MoveRecord& move : journal_.moves) moves_.emplace(move.path, &move);
  }

  Result<AdditionsUndone> go() {
    if (const Status deleted = delete_staged(); !deleted) return deleted.error();
    if (const Status taken = take_away_placed(); !taken) return taken.error();
    if (const Status removed = remove_made(); !removed) return removed.error();
    // The journal may go only once it is not needed any more.
    const Status synced = sync_directories(store_, changed_);
    if (!synced) return synced.error();
    return std::move(undone_);
  }

 private:
  Status delete_staged();
  Status take_away_placed();
  Status take_away(const std::string& path, const Identity& placed);
  Status remove_made();
  Status remove(const std::string& path);
  bool is_staged(std::uint64_t object) const {
    return std::binary_search(contents_.staged.begin(), contents_.staged.end(), object);
  }
  bool is_put_back(const std::string& path, const Identity* found) const;

  const LockedStore& store_;
  const Directory& run_;
  const RunContents& contents_;
  const JournalContents& journal_;
  std::unordered_multimap<std::string, const MoveRecord*> moves_;  ///< by path
  std::set<std::string> changed_;
  AdditionsUndone undone_;
};

Status AdditionUndo::delete_staged() {
  if (contents_.staged.empty()) return kOk;
  const Result<Directory> objects = run_.open(kObjects);
  if (!objects) return below(kObjects, objects.error());
  for (const std::uint64_t object : contents_.staged) {
    const std::string name = std::to_string(object);
    if (unlink_at(*objects, name.c_str(), 0) != 0 && errno != ENOENT) {
      return below(kObjects, change_error(errno, "cannot remove", name));
    }
  }
  return kOk;
}

/// Whether an earlier undo put back what had been moved away from a path: then it is that which
/// stands there, if it also is what was moved (`found`, unless null).
bool AdditionUndo::is_put_back(const std::string& path, const Identity* found) const {
  bool put_back = false;
  const auto [first, last] = moves_.equal_range(path);
  for (auto move = first; move != last; ++move) {
    const MoveRecord& record = *move->second;
    if (std::binary_search(contents_.present.begin(), contents_.present.end(), record.object)) {
      return false;
    }
    put_back = put_back || found == nullptr || record.identity == *found;
  }
  return put_back;
}

Status AdditionUndo::take_away(const std::string& path, const Identity& placed) {
  const std::string parent = parent_of(path);
  const Result<Directory> place = open_place(store_.v2, parent);
  if (!place) {
    const int error = place.error().error_number;
    if (error == ELOOP) {  // it may lie behind the link, which is not followed
      undone_.skipped.push_back(path);
      return kOk;
    }
    if (error == ENOENT || error == ENOTDIR) return kOk;
    return below(path, place.error());
  }
  // Also if it is gone: an interrupted undo took it away, and did not come to the times.
  undone_.touched.insert(parent);
  const std::string name = last_component(path);
  const Result<FileFacts> facts = place->stat(name.c_str());
  if (!facts && facts.error().code == Errc::kNotFound) return kOk;
  if (!facts) return below(path, facts.error());
  const Identity found = identity_of(*facts);
  if (facts->type != FileType::kRegular || found != placed) {
    if (!is_put_back(parent, &found)) undone_.skipped.push_back(path);
    return kOk;
  }
  if (unlink_at(*place, name.c_str(), 0) != 0 && errno != ENOENT) {
    return change_error(errno, "cannot take it away", path);
  }
  ++undone_.taken_away;
  changed_.insert(parent);
  return kOk;
}

Status AdditionUndo::take_away_placed() {
  for (auto place = journal_.places.rbegin(); place != journal_.places.rend(); ++place) {
    if (is_staged(place->object) || journal_.restored.contains(place->object)) continue;
    const StageRecord* stage = find_stage(journal_, place->object);
    if (Status taken = take_away(stage->path, place->identity); !taken) return taken;
  }
  return kOk;
}

Status AdditionUndo::remove(const std::string& path) {
  const std::string parent = parent_of(path);
  const Result<Directory> place = open_place(store_.v2, parent);
  if (!place) {
    const int error = place.error().error_number;
    if (error == ENOENT || error == ENOTDIR || error == ELOOP) return kOk;
    return below(path, place.error());
  }
  undone_.touched.insert(parent);
  if (unlink_at(*place, last_component(path).c_str(), AT_REMOVEDIR) == 0) {
    changed_.insert(parent);
    changed_.erase(path);
    return kOk;
  }
  switch (errno) {
    case ENOENT:
      return kOk;
    case ENOTEMPTY:
    case EEXIST:
    case ENOTDIR:
    case EBUSY:
      undone_.kept.push_back(path);
      return kOk;
    default:
      return change_error(errno, "cannot remove directory", path);
  }
}

/// An undo that only goes for what an earlier one left removes no other directories than those that
/// stood in its way.
Status AdditionUndo::remove_made() {
  std::unordered_set<std::string> above_left;
  const auto left = [&](std::string path) {
    while (!path.empty() && above_left.insert(path).second) path = parent_of(path);
  };
  for (const StageRecord& stage : journal_.stages) {
    if (!journal_.restored.contains(stage.object)) left(parent_of(stage.path));
  }
  for (const std::uint64_t object : contents_.present) left(find_move(journal_, object)->path);
  const std::unordered_set<std::string> remade = remade_directories(journal_);
  for (auto made = journal_.mkdirs.rbegin(); made != journal_.mkdirs.rend(); ++made) {
    if (!above_left.contains(made->path) || remade.contains(made->path)) continue;
    if (is_put_back(made->path, nullptr)) continue;
    if (Status removed = remove(made->path); !removed) return removed;
  }
  return kOk;
}

}  // namespace

std::unordered_set<std::string> remade_directories(const JournalContents& journal) {
  std::unordered_set<std::string> remade;
  if (journal.mkdirs.empty() || journal.rmdirs.empty()) return remade;
  std::unordered_set<std::string> made;
  for (const MkdirRecord& record : journal.mkdirs) made.insert(record.path);
  std::unordered_set<std::string> recorded;
  for (const DirectoryRecord& record : journal.directories) recorded.insert(record.path);
  for (const RmdirRecord& record : journal.rmdirs) {
    if (made.contains(record.path) && recorded.contains(record.path)) remade.insert(record.path);
  }
  return remade;
}

Result<AdditionsUndone> take_away_additions(const LockedStore& store, const Directory& run,
                                            const RunContents& contents) {
  if (contents.journal.stages.empty()) return AdditionsUndone{};
  return AdditionUndo(store, run, contents).go();
}

}  // namespace regsweep::storage
