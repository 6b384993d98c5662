#include "cli/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <latch>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "cli/io.h"
#include "cli/temporaries.h"

namespace regsweep::cli {
namespace {

/// What the process holds open besides what its threads do.
constexpr int kSparedFiles = 32;
/// A thread goes down a path with a directory held at each of 16 levels, and below a repository has
/// a few more and a file open.
constexpr int kFilesOfThread = 24;
/// More is of no use, and a limit may be "none".
constexpr rlim_t kMostFiles = 65536;

/// Blocks from this size go back to the system when they are freed. glibc raises its own limit
/// after the first of them and keeps the later ones: an audit's rows were held twice, as the scan
/// met them and as columns. Above the 64 KiB into which every directory is listed.
[[maybe_unused]] constexpr int kReturnedBytes = 80 * 1024;

std::atomic<bool> store_changes{false};

void say(std::string_view text) noexcept {
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

/// Says a text that may hold anything, without memory: '?' stands for what a terminal would act on.
void say_clean(std::string_view text) noexcept {
  std::array<char, 512> clean;
  const std::size_t size = std::min(text.size(), clean.size());
  std::transform(text.begin(), text.begin() + size, clean.begin(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  });
  say({clean.data(), size});
}

[[noreturn]] void end_in_order() noexcept {
  remove_temporaries();
  say("regsweep: stopped: ");
  try {
    const std::exception_ptr thrown = std::current_exception();
    if (thrown) std::rethrow_exception(thrown);
    say("an internal error");
  } catch (const std::exception& error) {
    say_clean(error.what());
  } catch (...) {
    say("an internal error");
  }
  const Ending ending = ending_of_a_fall();
  say(ending.words);
  say("\n");
  _exit(ending.status);
}

/// A descriptor that can neither be read nor written, so that whoever uses it gets an error.
void hold_number(int fd) noexcept {
  if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) return;
  const int held = ::open("/", O_PATH | O_CLOEXEC);
  if (held < 0 || held == fd) return;
  ::dup3(held, fd, O_CLOEXEC);
  ::close(held);
}

void raise_file_limit() noexcept {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kMostFiles) return;
  limit.rlim_cur = std::min(limit.rlim_max, kMostFiles);
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

int threads_by_files(int wanted) noexcept {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kMostFiles) return wanted;
  const int files = static_cast<int>(limit.rlim_cur);
  return std::clamp((files - kSparedFiles) / kFilesOfThread, 1, wanted);
}

/// Starts so many threads at once, since a thread that cannot be started later ends the process.
int threads_by_trial(int wanted) {
  std::latch end(1);
  std::vector<std::thread> started;
  try {
    started.reserve(static_cast<std::size_t>(wanted));
    while (static_cast<int>(started.size()) + 1 < wanted) {
      started.emplace_back([&end] { end.wait(); });
    }
  } catch (const std::exception&) {
    // What is left is for their work.
    wanted = std::max(1, static_cast<int>(started.size()) / 2);
  }
  end.count_down();
  for (std::thread& one : started) one.join();
  return wanted;
}

}  // namespace

void prepare_process() {
#ifdef M_MMAP_THRESHOLD  // glibc
  ::mallopt(M_MMAP_THRESHOLD, kReturnedBytes);
#endif
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) hold_number(fd);
  raise_file_limit();
  std::set_terminate(end_in_order);
}

int affordable_threads(int wanted) {
  static std::atomic<int> granted{1};  // by an earlier trial
  wanted = threads_by_files(wanted);
  if (wanted > granted) {
    wanted = threads_by_trial(wanted);
    granted = std::max<int>(granted, wanted);
  }
  return wanted;
}

void note_store_changes() noexcept { store_changes = true; }

Unwritten unwritten_results() noexcept {
  if (store_changes) {
    return {Exit::kApplyStopped, "; the store was changed, and the results of that are cut off"};
  }
  return {Exit::kUsage, "; the results are cut off"};
}

Ending ending_of_a_fall() noexcept {
  if (store_changes) {
    return {
        static_cast<int>(Exit::kApplyStopped),
        "; the store may be changed in part: the same command again goes on, undo takes it back"};
  }
  return {static_cast<int>(Exit::kIncomplete),
          "; nothing was changed; with fewer --jobs it may work"};
}

}  // namespace regsweep::cli
