#pragma once

namespace regsweep::cli {

/// While one of these lives, the first SIGINT, SIGTERM or SIGHUP asks for a clean stop between two
/// steps, and only another one, a second or more later, ends the process. Without one the first
/// does: results that are being written are in temporary files, which go (cli/temporaries.h), and
/// of what changes a store only garbage-collect runs so, which ends wherever it is, as a
/// registry's.
class GracefulInterrupt {
 public:
  GracefulInterrupt();
  ~GracefulInterrupt();
  GracefulInterrupt(const GracefulInterrupt&) = delete;
  GracefulInterrupt& operator=(const GracefulInterrupt&) = delete;

  /// Whether a stop was asked for.
  static bool asked() noexcept;
};

/// Installs the handlers; called once by main. A SIGTERM or SIGHUP that is ignored stays so, as
/// nohup means it. SIGINT does not: shells ignore it for what they start in the background, where
/// only who means this very process sends it.
void install_interrupt_handlers();

}  // namespace regsweep::cli
