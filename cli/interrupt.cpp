#include "cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "cli/io.h"

namespace regsweep::cli {
namespace {

std::atomic<bool> graceful{false};
std::atomic<bool> was_asked{false};

extern "C" void on_signal(int) {
  if (graceful.load() && !was_asked.exchange(true)) return;
  _exit(static_cast<int>(Exit::kInterrupted));
}

}  // namespace

GracefulInterrupt::GracefulInterrupt() {
  was_asked = false;
  graceful = true;
}
GracefulInterrupt::~GracefulInterrupt() { graceful = false; }

bool GracefulInterrupt::asked() noexcept { return was_asked.load(); }

void install_interrupt_handlers() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, which is reported
}

}  // namespace regsweep::cli
