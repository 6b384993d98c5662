#include "cli/temporaries.h"

#include <unistd.h>

#include <array>
#include <atomic>

namespace regsweep::cli {
namespace {

/// More than any command writes at a time: export has a file a table.
constexpr int kMostListed = 64;

using Slot = std::atomic<const char*>;
static_assert(Slot::is_always_lock_free);  // a signal's handler uses them
std::array<Slot, kMostListed> listed{};

}  // namespace

ListedTemporary::ListedTemporary(std::string path) : path_(std::move(path)) {
  for (int i = 0; i < kMostListed && slot_ < 0; ++i) {
    const char* none = nullptr;
    if (listed[static_cast<std::size_t>(i)].compare_exchange_strong(none, path_.c_str())) slot_ = i;
  }
}

ListedTemporary::~ListedTemporary() {
  if (slot_ < 0 || listed[static_cast<std::size_t>(slot_)].exchange(nullptr) != nullptr) return;
  // A handler in another thread took it: the path must stay until the process has ended.
  for (;;) ::pause();
}

void remove_temporaries() noexcept {
  for (Slot& slot : listed) {
    if (const char* path = slot.exchange(nullptr)) ::unlink(path);
  }
}

}  // namespace regsweep::cli
