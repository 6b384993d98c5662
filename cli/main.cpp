#include <unistd.h>

#include <csignal>
#include <iostream>

#include "cli/command.h"

namespace {

/// Nothing is written to a store, so there is nothing to tidy up: leave at once, with the code that
/// scripts expect.
extern "C" void interrupted(int) { _exit(static_cast<int>(regsweep::cli::Exit::kInterrupted)); }

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  std::signal(SIGINT, interrupted);
  std::signal(SIGTERM, interrupted);
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, which is reported
  const regsweep::cli::Io io{std::cout,
                             std::cerr,
                             regsweep::storage::process_environment(),
                             ::isatty(STDOUT_FILENO) != 0,
                             ::isatty(STDERR_FILENO) != 0};
  return regsweep::cli::run(std::vector<std::string>(argv + 1, argv + argc), io);
}
