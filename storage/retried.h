#pragma once

#include <cerrno>

namespace regsweep::storage {

/// What a system call returns, made again for as long as a signal interrupts it.
template <class Call>
auto retried(const Call& call) noexcept {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace regsweep::storage
