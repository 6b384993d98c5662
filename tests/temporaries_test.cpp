// How a process ends that does not come to its end: what it says, and that nothing half written
// stays.
#include "cli/temporaries.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/process.h"
#include "tests/store_builder.h"

namespace regsweep::tests {
namespace {

namespace fs = std::filesystem;
using cli::OutputFile;

std::ptrdiff_t files_in(const std::string& directory) {
  return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
}

/// Throws where nothing may be thrown.
template <typename What>
void fall(const What& what) noexcept {
  const auto thrower = [&](bool now) {
    if (now) throw what;
  };
  thrower(true);
}

class TemporariesDeathTest : public ::testing::Test {
 protected:
  TemporariesDeathTest() : directory_(store_.beside("out")) { fs::create_directories(directory_); }

  /// Begins so many files, and then does what ends the process.
  template <typename End>
  [[noreturn]] void end_while_writing(int files, const End& end) {
    cli::prepare_process();
    cli::install_interrupt_handlers();
    std::vector<OutputFile> begun;
    for (int i = 0; i < files; ++i) {
      auto file = OutputFile::create(directory_ + '/' + std::to_string(i));
      if (!file) std::_Exit(99);
      begun.push_back(std::move(*file));
      begun.back().stream() << "half" << std::flush;
    }
    if (files_in(directory_) != files) std::_Exit(98);
    end();
    std::_Exit(97);
  }

  StoreBuilder store_;
  const std::string directory_;
};

TEST_F(TemporariesDeathTest, ASignalRemovesWhatIsHalfWritten) {
  for (const int signal : {SIGINT, SIGTERM}) {
    EXPECT_EXIT(end_while_writing(12, [signal] { std::raise(signal); }),
                testing::ExitedWithCode(130), "");
    EXPECT_EQ(files_in(directory_), 0);
  }
}

TEST_F(TemporariesDeathTest, WhatIsAtItsPlaceStays) {
  EXPECT_EXIT(end_while_writing(0,
                                [&] {
                                  auto file = OutputFile::create(directory_ + "/whole");
                                  if (!file || !file->finish() || !file->place()) std::_Exit(96);
                                  std::raise(SIGINT);
                                }),
              testing::ExitedWithCode(130), "");
  EXPECT_TRUE(fs::exists(directory_ + "/whole"));
  EXPECT_EQ(files_in(directory_), 1);
}

TEST_F(TemporariesDeathTest, AnEndInOrderSaysWhoStoppedAndRemovesThemToo) {
  EXPECT_EXIT(end_while_writing(1, [] { std::terminate(); }), testing::ExitedWithCode(4),
              "^regsweep: stopped: an internal error; nothing was changed");
  EXPECT_EQ(files_in(directory_), 0);
  EXPECT_EXIT(end_while_writing(1, [] { fall(std::runtime_error("no thread\x1b[31m")); }),
              testing::ExitedWithCode(4),
              "^regsweep: stopped: no thread.\\[31m; nothing was changed");
  EXPECT_EXIT(end_while_writing(1, [] { fall(5); }), testing::ExitedWithCode(4),
              "^regsweep: stopped: an internal error; nothing was changed");
}

TEST(Temporaries, ManyMayBeListedAndTheyComeAndGo) {
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<cli::ListedTemporary>> listed;
    for (int i = 0; i < 100; ++i) {
      listed.push_back(std::make_unique<cli::ListedTemporary>("/nowhere/at/all"));
    }
  }
}

}  // namespace
}  // namespace regsweep::tests
