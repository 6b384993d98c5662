#include "cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

#include "cli/io.h"
#include "cli/temporaries.h"

namespace regsweep::cli {
namespace {

std::atomic<bool> graceful{false};
std::atomic<std::int64_t> asked_at{0};  // nanoseconds of the monotonic clock, 0: not asked

/// timeout(1) and others signal the process and then its group: one request comes as two signals.
constexpr std::int64_t kSameRequest = 1'000'000'000;

std::int64_t now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);  // may be called in a signal's handler
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

extern "C" void on_signal(int) {
  const std::int64_t time = now();
  std::int64_t first = 0;
  if (graceful.load() &&
      (asked_at.compare_exchange_strong(first, time) || time - first < kSameRequest))
    return;
  remove_temporaries();
  _exit(static_cast<int>(Exit::kInterrupted));
}

}  // namespace

GracefulInterrupt::GracefulInterrupt() {
  asked_at = 0;
  graceful = true;
}
GracefulInterrupt::~GracefulInterrupt() { graceful = false; }

bool GracefulInterrupt::asked() noexcept { return asked_at.load() != 0; }

void install_interrupt_handlers() {
  std::signal(SIGINT, on_signal);
  for (const int number : {SIGTERM, SIGHUP}) {
    struct sigaction inherited {};
    const bool known = sigaction(number, nullptr, &inherited) == 0;
    if (!known || inherited.sa_handler != SIG_IGN) std::signal(number, on_signal);
  }
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, which is reported
}

}  // namespace regsweep::cli
