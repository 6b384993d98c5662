#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace regsweep::cli {

/// Calls something again and again in a thread of its own, until destroyed.
class Repeated {
 public:
  using Pause = std::chrono::milliseconds;

  /// Calls `f` after `first`, and again after the pause that it returns; never again after none.
  /// Throws std::system_error if no thread can be started.
  Repeated(Pause first, std::function<Pause()> f);
  ~Repeated();
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;

 private:
  void run(Pause pause);

  const std::function<Pause()> f_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace regsweep::cli
