#include "cli/repeated.h"

#include <utility>

namespace regsweep::cli {

Repeated::Repeated(Pause first, std::function<Pause()> f)
    : f_(std::move(f)), thread_([this, first] { run(first); }) {}

Repeated::~Repeated() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Repeated::run(Pause pause) {
  std::unique_lock lock(mutex_);
  while (pause != Pause::zero() && !wake_.wait_for(lock, pause, [this] { return stop_; })) {
    pause = f_();
  }
}

}  // namespace regsweep::cli
