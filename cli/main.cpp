#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/process.h"

namespace {

std::size_t terminal_width(int fd) {
  winsize size{};
  return ::isatty(fd) != 0 && ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  regsweep::cli::prepare_process();
  regsweep::cli::install_interrupt_handlers();
  const regsweep::cli::Io io{std::cout,
                             std::cerr,
                             regsweep::storage::process_environment(),
                             ::isatty(STDOUT_FILENO) != 0,
                             ::isatty(STDERR_FILENO) != 0,
                             terminal_width(STDOUT_FILENO),
                             terminal_width(STDERR_FILENO)};
  return regsweep::cli::run(std::vector<std::string>(argv + 1, argv + argc), io);
}
