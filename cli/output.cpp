#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <streambuf>
#include <system_error>
#include <vector>

#include "cli/temporaries.h"
#include "storage/unique_fd.h"

namespace regsweep::cli {
namespace {

using storage::Errc;
using storage::Error;
using storage::Status;

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

Error failure(int number) {
  return {Errc::kIo, {}, "cannot write: " + std::generic_category().message(number), number};
}

/// A stream's buffer before a descriptor. After a failure it takes nothing more.
class FdBuffer final : public std::streambuf {
 public:
  explicit FdBuffer(int fd) : fd_(fd), buffer_(kBufferBytes) { reset(); }

  Status status() const {
    if (error_ == 0) return storage::kOk;
    return failure(error_);
  }

 protected:
  int sync() override { return write_all(pbase(), pptr()) ? (reset(), 0) : -1; }
  int_type overflow(int_type c) override {
    if (sync() != 0) return traits_type::eof();
    return traits_type::eq_int_type(c, traits_type::eof()) ? traits_type::not_eof(c)
                                                           : sputc(traits_type::to_char_type(c));
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    if (size < epptr() - pptr()) return std::streambuf::xsputn(text, size);
    if (sync() != 0) return 0;
    return write_all(text, text + size) ? size : 0;
  }

 private:
  void reset() { setp(buffer_.data(), buffer_.data() + buffer_.size()); }
  bool write_all(const char* from, const char* to) {
    while (error_ == 0 && from != to) {
      const ssize_t wrote = ::write(fd_, from, static_cast<std::size_t>(to - from));
      if (wrote >= 0) {
        from += wrote;
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
    return error_ == 0;
  }

  const int fd_;
  std::vector<char> buffer_;
  int error_ = 0;
};

mode_t default_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

struct OutputFile::Impl {
  Impl(storage::UniqueFd opened, const std::string& temporary_path, std::string final_path,
       mode_t bits)
      : file(std::move(opened)),
        temporary(temporary_path),
        path(std::move(final_path)),
        mode(bits),
        buffer(file.get()),
        stream(&buffer) {}
  ~Impl() {
    if (!placed) ::unlink(temporary.path().c_str());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  storage::UniqueFd file;
  ListedTemporary temporary;
  std::string path;
  mode_t mode;
  FdBuffer buffer;
  std::ostream stream;
  bool placed = false;
};

OutputFile::OutputFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OutputFile::~OutputFile() = default;
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&&) noexcept = default;

storage::Result<OutputFile> OutputFile::create(const std::string& path) {
  std::string target = path;
  mode_t mode = default_mode();
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0) {
    if (!S_ISREG(there.st_mode)) {
      return Error{Errc::kUsage, {}, "cannot write: what is there is no regular file", 0};
    }
    std::error_code error;
    target = std::filesystem::canonical(path, error).string();
    if (error) return failure(error.value());
    mode = there.st_mode & 07777;
  }
  std::string temporary = target + ".XXXXXX";
  storage::UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return failure(errno);
  return OutputFile(std::make_unique<Impl>(std::move(file), temporary, target, mode));
}

std::ostream& OutputFile::stream() { return impl_->stream; }
const std::string& OutputFile::temporary() const { return impl_->temporary.path(); }

Status OutputFile::finish() {
  impl_->stream.flush();
  if (Status written = impl_->buffer.status(); !written) return written;
  if (::fchmod(impl_->file.get(), impl_->mode) != 0) return failure(errno);
  if (::fsync(impl_->file.get()) != 0) return failure(errno);
  return storage::kOk;
}

Status OutputFile::place() {
  if (::rename(impl_->temporary.path().c_str(), impl_->path.c_str()) != 0) return failure(errno);
  impl_->placed = true;
  return storage::kOk;
}

Status write_output(const std::string& path, const std::function<void(std::ostream&)>& write) {
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    const storage::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return failure(errno);
    FdBuffer buffer(fd.get());
    std::ostream out(&buffer);
    write(out);
    out.flush();
    return buffer.status();
  }
  storage::Result<OutputFile> file = OutputFile::create(path);
  if (!file) return file.error();
  write(file->stream());
  if (Status finished = file->finish(); !finished) return finished;
  return file->place();
}

std::filesystem::path whole_path(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
}

Status can_write_output(const std::string& path) {
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0) {
    if (S_ISDIR(there.st_mode)) return failure(EISDIR);
    if (!S_ISREG(there.st_mode)) return storage::kOk;
  }
  // The file is made beside its place, whatever stands there.
  const std::filesystem::path parent = whole_path(path).parent_path();
  if (::access(parent.c_str(), W_OK | X_OK) != 0) return failure(errno);
  return storage::kOk;
}

bool lies_in(const std::string& path, const std::string& directory) {
  struct stat wanted {};
  const bool is_there = ::stat(directory.c_str(), &wanted) == 0;
  const std::filesystem::path place = whole_path(directory);
  for (std::filesystem::path at = whole_path(path);; at = at.parent_path()) {
    struct stat facts {};
    const bool same = is_there && ::stat(at.c_str(), &facts) == 0 &&
                      facts.st_dev == wanted.st_dev && facts.st_ino == wanted.st_ino;
    if (same || at == place) return true;
    if (at == at.parent_path()) return false;
  }
}

}  // namespace regsweep::cli
