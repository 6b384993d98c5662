#include "storage/writers.h"

#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string_view>

#include "storage/directory.h"
#include "storage/layout.h"
#include "storage/retried.h"
#include "storage/unique_fd.h"

namespace regsweep::storage {
namespace {

// --- who has files open
// ---------------------------------------------------------------------------

/// A line of /proc/<pid>/mountinfo: which part of which file system is seen where.
struct Mount {
  std::string device;   ///< "major:minor"
  std::string subtree;  ///< the part of the file system that is mounted
  std::string point;    ///< where, as the process sees it
};

/// Spaces and the like are octal there: "\040".
std::string unescape_octal(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int value = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, value, 8).ptr ==
            text.data() + i + 4) {
      out += static_cast<char>(value);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<Mount> mounts_of(const std::string& process) {
  std::vector<Mount> mounts;
  std::ifstream in(process + "/mountinfo");
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string id;
    std::string parent;
    Mount mount;
    if (!(fields >> id >> parent >> mount.device >> mount.subtree >> mount.point)) continue;
    mount.subtree = unescape_octal(mount.subtree);
    mount.point = unescape_octal(mount.point);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

/// Whether `path` is `directory` or lies below it; if so, `rest` is what follows, "" or "/...".
bool lies_below(std::string_view path, std::string_view directory, std::string_view& rest) {
  if (directory == "/") directory = {};
  if (!is_below(path, directory)) return false;
  rest = path.substr(directory.size());
  return true;
}

std::string joined(const std::string& directory, std::string_view rest) {
  const std::string path = (directory == "/" ? std::string() : directory) + std::string(rest);
  return path.empty() ? "/" : path;
}

/// Where a process sees what this one calls `root`: containers have a volume elsewhere.
class RootFinder {
 public:
  explicit RootFinder(std::string root) : root_(std::move(root)) {
    std::string_view rest;
    std::size_t longest = 0;
    for (Mount& mount : mounts_of("/proc/self")) {
      if (!lies_below(root_, mount.point, rest) || mount.point.size() < longest) continue;
      longest = mount.point.size();
      inside_ = joined(mount.subtree, rest);
      device_ = mount.device;
    }
  }

  /// Paths in the process's own words. Processes with the same mounts are asked once.
  const std::vector<std::string>& in(const std::string& process) {
    char space[64];
    const ssize_t size = ::readlink((process + "/ns/mnt").c_str(), space, sizeof space);
    const std::string key = size > 0 ? std::string(space, static_cast<std::size_t>(size)) : process;
    const auto [at, is_new] = known_.try_emplace(key);
    if (is_new) at->second = look_for(process);
    return at->second;
  }

 private:
  std::vector<std::string> look_for(const std::string& process) const {
    std::vector<std::string> roots;
    for (const Mount& mount : mounts_of(process)) {
      std::string_view rest;
      if (mount.device != device_) continue;
      if (lies_below(inside_, mount.subtree, rest)) {
        roots.push_back(joined(mount.point, rest));
      } else if (lies_below(mount.subtree, inside_, rest)) {
        roots.push_back(mount.point);
      }
    }
    if (roots.empty() && device_.empty()) roots.push_back(root_);
    return roots;
  }

  std::string root_;
  std::string device_;
  std::string inside_;  ///< the root's path within its file system
  std::map<std::string, std::vector<std::string>> known_;  ///< by mount namespace
};

std::vector<int> process_ids() {
  std::vector<int> ids;
  Result<Directory> proc = Directory::open_path("/proc");
  if (!proc) return ids;
  const Status read = proc->each([&](const DirectoryEntry& entry) {
    int id = 0;
    const char* end = entry.name.data() + entry.name.size();
    const auto [at, error] = std::from_chars(entry.name.data(), end, id);
    if (error == std::errc() && at == end && id != ::getpid()) ids.push_back(id);
  });
  static_cast<void>(read);  // what could be listed counts
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// The first open file of a process below one of `roots`, empty if none is seen.
std::string open_file_below(const std::string& process, const std::vector<std::string>& roots) {
  std::string found;
  Result<Directory> files = Directory::open_path(process + "/fd");
  if (!files || roots.empty()) return found;
  const Status read = files->each([&](const DirectoryEntry& entry) {
    if (!found.empty()) return;
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(files->fd(), entry.name.data(), target, sizeof target);
    if (size <= 0) return;
    const std::string_view path(target, static_cast<std::size_t>(size));
    std::string_view rest;
    for (const std::string& root : roots) {
      if (lies_below(path, root, rest)) found = path;
    }
  });
  static_cast<void>(read);
  return found;
}

std::string name_of(const std::string& process) {
  std::string name;
  std::ifstream in(process + "/comm");
  std::getline(in, name);
  return name.empty() ? "?" : name;
}

// --- who answers
// ----------------------------------------------------------------------------------

constexpr std::chrono::milliseconds kPatience{1000};

/// A connection under way, and the address it goes to.
struct Attempt {
  UniqueFd socket;
  std::string address;
};

/// True if it is connected already, or the other side's queue is full, as unix sockets say at once.
bool start(int family, const sockaddr* address, socklen_t size, std::string text,
           std::vector<Attempt>& attempts) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return false;
  const int connected = retried([&] { return ::connect(socket.get(), address, size); });
  if (connected == 0 || errno == EAGAIN) return true;
  if (errno == EINPROGRESS || errno == EALREADY) {
    attempts.push_back({std::move(socket), std::move(text)});
  }
  return false;
}

/// Waits for the first attempt that succeeds; empty if none does in time.
std::string wait_for_any(std::vector<Attempt>& attempts) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!attempts.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return {};
    std::vector<pollfd> polled;
    polled.reserve(attempts.size());
    for (const Attempt& attempt : attempts) polled.push_back({attempt.socket.get(), POLLOUT, 0});
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return {};
    if (ready <= 0) continue;
    for (std::size_t i = polled.size(); i-- > 0;) {
      if (polled[i].revents == 0) continue;
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(polled[i].fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error == 0) return attempts[i].address;
      attempts.erase(attempts.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return {};
}

std::string ask_unix(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return {};
  std::memcpy(address.sun_path, path.data(), path.size());
  std::size_t size = sizeof address;
  if (path.front() == '@') {  // Go's way to write an abstract address
    address.sun_path[0] = '\0';
    size = offsetof(sockaddr_un, sun_path) + path.size();
  }
  std::vector<Attempt> attempts;
  if (start(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size),
            path, attempts)) {
    return path;
  }
  return wait_for_any(attempts);
}

/// "host:port" as Go's net.SplitHostPort takes it apart. False if there is no port.
bool split_address(const std::string& text, std::string& host, std::string& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return false;
  host = text.substr(0, colon);
  port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return true;
}

/// Hosts to ask for what a server listens at. A name other than localhost would need the network.
std::vector<std::string> hosts_for(const std::string& host) {
  if (host.empty() || host == "localhost" || host == "::" || host == "0.0.0.0") {
    if (host == "0.0.0.0") return {"127.0.0.1"};
    return {"127.0.0.1", "::1"};
  }
  return {host};
}

struct AddressListDeleter {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

std::string ask_tcp(const std::string& text) {
  std::string host;
  std::string port;
  if (!split_address(text, host, port)) return {};
  std::vector<Attempt> attempts;
  for (const std::string& one : hosts_for(host)) {
    addrinfo hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* list = nullptr;
    if (::getaddrinfo(one.c_str(), port.c_str(), &hints, &list) != 0) continue;
    const std::unique_ptr<addrinfo, AddressListDeleter> owner(list);
    std::string asked = (one.find(':') != std::string::npos ? '[' + one + ']' : one) + ':' + port;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
      if (start(at->ai_family, at->ai_addr, at->ai_addrlen, asked, attempts)) return asked;
    }
  }
  return wait_for_any(attempts);
}

}  // namespace

bool sees_all_processes() noexcept { return ::geteuid() == 0; }

std::vector<std::string> processes_with_open_files(const std::string& root) {
  std::vector<std::string> found;
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(root.c_str(), nullptr), &::free);
  RootFinder finder(real != nullptr ? real.get() : root);
  for (const int id : process_ids()) {
    const std::string process = "/proc/" + std::to_string(id);
    const std::string path = open_file_below(process, finder.in(process));
    if (path.empty()) continue;
    found.push_back(name_of(process) + " (pid " + std::to_string(id) + "): " + path);
  }
  return found;
}

std::string answering_address(const RegistryConfig& config) {
  if (config.http_network == "unix") return ask_unix(config.http_address);
  return ask_tcp(config.http_address);
}

}  // namespace regsweep::storage
