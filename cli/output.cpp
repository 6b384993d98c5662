#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "storage/unique_fd.h"

namespace regsweep::cli {
namespace {

using storage::Errc;
using storage::Error;
using storage::Status;

Error failure(int number) {
  return {Errc::kIo, {}, "cannot write: " + std::generic_category().message(number), number};
}

Status write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failure(errno);
    done += static_cast<std::size_t>(wrote);
  }
  return storage::kOk;
}

Status replace_file(const std::string& path, const std::string& text, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const storage::UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return failure(errno);
  Status written = write_all(file.get(), text);
  if (written && ::fchmod(file.get(), mode) != 0) written = failure(errno);
  if (written && ::fsync(file.get()) != 0) written = failure(errno);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = failure(errno);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

mode_t default_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

Status write_output(const std::string& path, const std::function<void(std::ostream&)>& write) {
  std::ostringstream text;
  write(text);
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return replace_file(path, text.str(), default_mode());
  if (!S_ISREG(there.st_mode)) {
    const storage::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return failure(errno);
    return write_all(file.get(), text.str());
  }
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  if (error) return failure(error.value());
  return replace_file(target.string(), text.str(), there.st_mode & 07777);
}

}  // namespace regsweep::cli
