// What the handlers of SIGINT and SIGTERM do with a second signal: timeout(1) sends two for one
// request.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "cli/interrupt.h"

namespace regsweep::tests {
namespace {

using cli::GracefulInterrupt;

/// Ends the process with 0 if it is still there after what `signals` did, and was asked to stop.
template <typename Signals>
[[noreturn]] void signalled(const Signals& signals) {
  cli::install_interrupt_handlers();
  GracefulInterrupt graceful;
  signals();
  std::_Exit(GracefulInterrupt::asked() ? 0 : 1);
}

TEST(InterruptDeathTest, TheFirstSignalAsksForAStop) {
  EXPECT_EXIT(signalled([] { std::raise(SIGTERM); }), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(signalled([] {}), testing::ExitedWithCode(1), "");
}

TEST(InterruptDeathTest, AHangUpIsASignalLikeTheOthersUnlessNohupIgnoresIt) {
  EXPECT_EXIT(
      {
        std::signal(SIGHUP, SIG_DFL);  // the tests themselves may run under nohup
        signalled([] { std::raise(SIGHUP); });
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        std::signal(SIGHUP, SIG_IGN);
        signalled([] { std::raise(SIGHUP); });
      },
      testing::ExitedWithCode(1), "");
}

TEST(InterruptDeathTest, OneRequestMayComeAsTwoSignals) {
  EXPECT_EXIT(signalled([] {
                std::raise(SIGTERM);
                std::raise(SIGTERM);
              }),
              testing::ExitedWithCode(0), "");
}

TEST(InterruptDeathTest, AnotherRequestEndsTheProcess) {
  EXPECT_EXIT(signalled([] {
                std::raise(SIGINT);
                std::this_thread::sleep_for(std::chrono::milliseconds(1100));
                std::raise(SIGINT);
              }),
              testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace regsweep::tests
