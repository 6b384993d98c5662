#pragma once

#include <linux/limits.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "storage/directory.h"

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
    if (is_done_here(nested)) {
      work(nested + 1);
    } else {
      add(std::move(work));
    }
  }

  /// Hands out what is to be done in the directory `name` of `at`, at `path` below `top`: calls
  /// `open(directory, name, nested)` with where to open it and by what name. What waits holds no
  /// descriptor of its own: it is opened by its whole path, if the system takes so long a one.
  template <class Open>
  void descend(const std::shared_ptr<Directory>& top, const std::shared_ptr<Directory>& at,
               std::string_view name, const std::string& path, int nested, Open open) {
    if (is_done_here(nested)) {
      open(*at, std::string(name).c_str(), nested + 1);
    } else if (path.size() < PATH_MAX) {
      add([top, path, open = std::move(open)](int inner) { open(*top, path.c_str(), inner); });
    } else {
      add([at, name = std::string(name), open = std::move(open)](int inner) {
        open(*at, name.c_str(), inner);
      });
    }
  }

  /// Takes part until nothing is left to be done.
  void wait();

 private:
  /// Directories in one another that a thread looks at while it lists those above, at most: each
  /// takes some of its stack, and a descriptor.
  static constexpr int kMostNested = 16;

  bool is_done_here(int nested) const noexcept { return nested < kMostNested && is_plenty(); }
  bool is_plenty() const noexcept;
  void add(std::function<void(int)> work);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace regsweep::storage
