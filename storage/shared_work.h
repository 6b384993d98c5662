#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace regsweep::storage {

/// Work that a walk over directories finds on its way and shares with other threads of the caller's
/// arena. Bounded: names come faster than they can be looked at, and what waits for ten million of
/// them is gigabytes.
class SharedWork {
 public:
  SharedWork();
  /// All must be done: see wait().
  ~SharedWork();
  SharedWork(const SharedWork&) = delete;
  SharedWork& operator=(const SharedWork&) = delete;

  /// Has `work(int)` done by whoever is free, or here and now where much waits already. Work that
  /// is done here stands on the stack of what hands it out: it gets how many do, to be `nested` of
  /// what it hands out itself, as a hostile store nests directories without end. Elsewhere it gets
  /// 0.
  template <class Work>
  void hand_out(int nested, Work work) {
    if (nested < kMostNested && is_plenty()) {
      work(nested + 1);
    } else {
      add(std::move(work));
    }
  }

  /// Takes part until nothing is left to be done.
  void wait();

 private:
  /// Directories in one another that a thread looks at while it lists those above, at most: each
  /// takes some of its stack, and a descriptor.
  static constexpr int kMostNested = 16;

  bool is_plenty() const noexcept;
  void add(std::function<void(int)> work);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace regsweep::storage
