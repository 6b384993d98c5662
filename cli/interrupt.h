#pragma once

namespace regsweep::cli {

/// While one of these lives, the first SIGINT or SIGTERM asks for a clean stop between two steps,
/// and only another one, a second or more later, ends the process. Without one the first does: at
/// most results are being written then, to temporary files, which go (cli/temporaries.h).
class GracefulInterrupt {
 public:
  GracefulInterrupt();
  ~GracefulInterrupt();
  GracefulInterrupt(const GracefulInterrupt&) = delete;
  GracefulInterrupt& operator=(const GracefulInterrupt&) = delete;

  /// Whether a stop was asked for.
  static bool asked() noexcept;
};

/// Installs the handlers; called once by main.
void install_interrupt_handlers();

}  // namespace regsweep::cli
