// Runs one command and says what it cost: a stopwatch for run.sh that needs no package.
//
//   measure [-t SECONDS] COMMAND [ARGUMENT...]
//
// Prints one line: wall seconds, user seconds, system seconds, peak resident KiB, status. The
// status is the command's exit code, `signal N`, or `timeout` if it ran for longer than SECONDS and
// was killed. The command's standard output is thrown away, its errors are not.
//
// The peak is the kernel's (ru_maxrss), so it holds for the process and not for what it starts.

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

struct Outcome {
  double wall_seconds = 0;
  rusage usage{};
  int wait_status = 0;
  bool timed_out = false;
};

/// Starts `argv` with its output on /dev/null and without our blocked SIGCHLD. 0 or an errno.
int start(char** argv, const sigset_t& signal_mask, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &signal_mask);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int error = ::posix_spawnp(&child, argv[0], &files, &attributes, argv, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return error;
}

/// Sleeps until a child ends or the limit is over; 0 is no limit. False if it is over.
bool wait_for_child(const sigset_t& child_signal, long limit_seconds) {
  if (limit_seconds == 0) return true;
  const auto deadline = Clock::now() + std::chrono::seconds(limit_seconds);
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(deadline - Clock::now()).count() + 1;
    if (left <= 0) return false;
    const timespec time{.tv_sec = left, .tv_nsec = 0};
    if (::sigtimedwait(&child_signal, nullptr, &time) >= 0) return true;
    if (errno == EAGAIN) return false;
  }
}

/// 0 or an errno.
int run(char** argv, long limit_seconds, Outcome& outcome) {
  sigset_t child_signal;
  sigset_t old_mask;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_signal, &old_mask);

  const auto begin = Clock::now();
  pid_t child = 0;
  if (const int error = start(argv, old_mask, child)) return error;
  if (!wait_for_child(child_signal, limit_seconds)) {
    outcome.timed_out = true;
    ::kill(child, SIGKILL);
  }
  while (::wait4(child, &outcome.wait_status, 0, &outcome.usage) < 0) {
    if (errno != EINTR) return errno;
  }
  outcome.wall_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return 0;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string status_text(const Outcome& outcome) {
  if (outcome.timed_out) return "timeout";
  if (WIFSIGNALED(outcome.wait_status)) {
    return "signal " + std::to_string(WTERMSIG(outcome.wait_status));
  }
  return std::to_string(WEXITSTATUS(outcome.wait_status));
}

}  // namespace

int main(int argc, char** argv) {
  long limit_seconds = 0;
  int first = 1;
  if (argc > 2 && std::strcmp(argv[1], "-t") == 0) {
    limit_seconds = std::atol(argv[2]);
    first = 3;
  }
  if (first >= argc || limit_seconds < 0) {
    std::fputs("usage: measure [-t SECONDS] COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  Outcome outcome;
  if (const int error = run(argv + first, limit_seconds, outcome)) {
    std::fprintf(stderr, "measure: cannot run %s: %s\n", argv[first], std::strerror(error));
    return 127;
  }
  std::printf("%.6f %.6f %.6f %ld %s\n", outcome.wall_seconds, seconds(outcome.usage.ru_utime),
              seconds(outcome.usage.ru_stime), outcome.usage.ru_maxrss,
              status_text(outcome).c_str());
  return 0;
}
