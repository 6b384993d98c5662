#include "storage/shared_work.h"

#include <tbb/task_group.h>

#include <atomic>

namespace regsweep::storage {
namespace {

/// Pieces of work that wait for a thread, at most: enough for each of hundreds of threads.
constexpr int kMostWaiting = 512;

}  // namespace

struct SharedWork::Impl {
  std::atomic<int> waiting{0};
  tbb::task_group group;
};

SharedWork::SharedWork() : impl_(std::make_unique<Impl>()) {}
SharedWork::~SharedWork() = default;

bool SharedWork::is_plenty() const noexcept { return impl_->waiting >= kMostWaiting; }

void SharedWork::add(std::function<void(int)> work) {
  ++impl_->waiting;
  impl_->group.run([this, work = std::move(work)] {
    --impl_->waiting;
    work(0);
  });
}

void SharedWork::wait() { impl_->group.wait(); }

}  // namespace regsweep::storage
