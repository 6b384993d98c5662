#include "storage/sweeper.h"

#include "storage/layout.h"
#include "storage/quarantine_writer.h"
#include "storage/sweeper_lock.h"
#include "storage/sweeper_object.h"
#include "storage/sweeper_shape.h"
#include "storage/sweeper_tree.h"

namespace regsweep::storage {
namespace {

Status check_safe(const std::string& path) {
  const std::string quarantine = layout::kQuarantine;
  if (is_safe_path(path) && path != quarantine && !path.starts_with(quarantine + '/')) return kOk;
  return Error{Errc::kCorrupt, path, "is not a path in a store", 0};
}

class DirectorySweeper final : public Sweeper {
 public:
  explicit DirectorySweeper(LockedStore store) : store_(std::move(store)) {}

  Result<Identity> identify(RemovalClass removal_class, const std::string& path) const override {
    if (const Status shaped = check_shape(removal_class, path); !shaped) return shaped.error();
    Result<Identity> found = look_up(store_.v2, removal_class, path);
    if (!found) return below(path, found.error());
    return found;
  }

  Result<Removed> remove(const Removal& removal) override {
    const Status shaped = check_shape(removal.removal_class, removal.path);
    if (!shaped) return shaped.error();
    if (run_ != nullptr && removal.removal_class == RemovalClass::kEmptyDirectory) {
      return run_->remove_directory(removal);
    }
    Result<Removed> removed = remove_object(store_.v2, removal);
    if (!removed) return below(removal.path, removed.error());
    return removed;
  }

  Status begin_quarantine() override {
    if (run_ != nullptr) return Error{Errc::kUsage, {}, "a quarantine run has begun already", 0};
    Result<std::unique_ptr<QuarantineWriter>> run = QuarantineWriter::begin(store_);
    if (!run) return run.error();
    run_ = std::move(*run);
    id_ = run_->id();
    return kOk;
  }

  Status quarantine(const std::vector<Removal>& batch, std::vector<Removed>& done) override {
    done.clear();
    if (run_ == nullptr) return Error{Errc::kUsage, {}, "no quarantine run has begun", 0};
    return run_->move(batch, done);
  }

  Status stage(const std::vector<Addition>& batch, std::size_t& staged) override {
    staged = 0;
    if (run_ == nullptr) return Error{Errc::kUsage, {}, "no quarantine run has begun", 0};
    return run_->stage(batch, staged);
  }

  Status place(std::size_t& placed) override {
    placed = 0;
    if (run_ == nullptr) return Error{Errc::kUsage, {}, "no quarantine run has begun", 0};
    return run_->place(placed);
  }

  Status end_quarantine(bool finished) override {
    if (run_ == nullptr) return Error{Errc::kUsage, {}, "no quarantine run has begun", 0};
    Status ended = run_->end(finished);
    run_.reset();
    return ended;
  }

  std::string run_id() const override { return id_; }

  Status delete_tree(const std::string& path) override {
    if (Status safe = check_safe(path); !safe) return safe;
    const std::string parent = parent_of(path);
    const Result<Directory> place = open_place(store_.v2, parent);
    if (!place) return below(path, place.error());
    const Status removed = remove_entry(*place, last_component(path), FileType::kUnknown);
    if (!removed) return below(parent, removed.error());
    return kOk;
  }

  Result<bool> exists(const std::string& path) const override {
    if (const Status safe = check_safe(path); !safe) return safe.error();
    const Result<Directory> place = open_place(store_.v2, parent_of(path));
    Error error;
    if (!place) {
      error = place.error();
    } else {
      const Result<FileFacts> facts = place->stat(last_component(path).c_str());
      if (facts) return true;
      error = facts.error();
    }
    if (error.code == Errc::kNotFound) return false;
    return below(path, std::move(error));
  }

 private:
  LockedStore store_;
  std::unique_ptr<QuarantineWriter> run_;  ///< refers to store_
  std::string id_;
};

}  // namespace

Result<std::unique_ptr<Sweeper>> open_sweeper(const std::string& root, const std::string& v2) {
  Result<LockedStore> store = lock_store(root, v2);
  if (!store) return store.error();
  return std::unique_ptr<Sweeper>(std::make_unique<DirectorySweeper>(std::move(*store)));
}

}  // namespace regsweep::storage
