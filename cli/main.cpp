#include <unistd.h>

#include <iostream>

#include "cli/command.h"
#include "cli/interrupt.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  regsweep::cli::install_interrupt_handlers();
  const regsweep::cli::Io io{std::cout, std::cerr, regsweep::storage::process_environment(),
                             ::isatty(STDOUT_FILENO) != 0, ::isatty(STDERR_FILENO) != 0};
  return regsweep::cli::run(std::vector<std::string>(argv + 1, argv + argc), io);
}
