#include "storage/staged_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <span>
#include <string_view>

#include "storage/content_hash.h"
#include "storage/retried.h"
#include "storage/sweeper_tree.h"
#include "storage/unique_fd.h"

namespace regsweep::storage {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = retried([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (put < 0) return change_error(errno, "cannot write what is to be added", "");
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return kOk;
}

/// O_NONBLOCK: opening a FIFO that nobody writes to would wait.
Result<UniqueFd> open_source(const std::string& source) {
  if (!source.starts_with('/')) {
    return Error{Errc::kUsage, source, "is not an absolute path", 0};
  }
  const int fd = retried([&] {
    return ::openat(AT_FDCWD, source.c_str(),
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  });
  if (fd < 0) return change_error(errno, "cannot open", source);
  UniqueFd file(fd);
  const Result<FileFacts> facts = facts_of(fd);
  if (!facts) return below(source, facts.error());
  if (facts->type != FileType::kRegular) {
    return Error{Errc::kCorrupt, source, "is not a regular file", 0};
  }
  return file;
}

/// What is hashed is what is written: the bytes come from the source once.
Status copy_blob(int to, const Addition& addition) {
  const Result<UniqueFd> source = open_source(addition.source);
  if (!source) return source.error();
  const auto buffer = std::make_unique_for_overwrite<char[]>(kCopyBytes);
  ContentHash hash;
  hash.begin(addition.digest.algorithm);
  for (;;) {
    const ssize_t got = retried([&] { return ::read(source->get(), buffer.get(), kCopyBytes); });
    if (got < 0) return change_error(errno, "cannot read", addition.source);
    if (got == 0) break;
    const std::span<const char> bytes(buffer.get(), static_cast<std::size_t>(got));
    hash.add(bytes);
    if (Status put = write_all(to, {bytes.data(), bytes.size()}); !put) return put;
  }
  const Digest digest = hash.finish();
  if (digest == addition.digest) return kOk;
  return Error{Errc::kCorrupt, addition.source,
               "has the digest " + digest.text() + ", not " + addition.digest.text(), 0};
}

Result<Identity> fill(int fd, const Addition& addition) {
  const Status filled = addition.addition_class == AdditionClass::kBlobData
                            ? copy_blob(fd, addition)
                            : write_all(fd, addition.digest.text());
  if (!filled) return filled.error();
  const int synced = retried([&] { return ::fsync(fd); });
  if (synced != 0) return change_error(errno, "cannot sync what is to be added", "");
  const Result<FileFacts> facts = facts_of(fd);
  if (!facts) return facts.error();
  return identity_of(*facts);
}

}  // namespace

Result<Identity> write_staged(const Directory& at, const char* name, const Addition& addition) {
  const int fd = retried([&] {
    return ::openat(at.fd(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  });
  if (fd < 0) return change_error(errno, "cannot make a file for what is to be added", "");
  const UniqueFd file(fd);
  Result<Identity> filled = fill(fd, addition);
  if (!filled) unlink_at(at, name, 0);
  return filled;
}

}  // namespace regsweep::storage
