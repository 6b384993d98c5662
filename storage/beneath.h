#pragma once

#include <sys/stat.h>

namespace regsweep::storage {

/// Whether a path may lead into a file system that is mounted on its way.
enum class Mounts : bool { kCross, kStay };

/// Opens `name`, of one or more components, below the open directory `dir`, O_CLOEXEC. None of the
/// components may leave `dir` or be a symbolic link: openat2 with RESOLVE_BENEATH and
/// RESOLVE_NO_SYMLINKS, or step by step on kernels (and seccomp filters) that refuse it.
/// Returns the descriptor, or -1 and errno: ELOOP for a symbolic link, EXDEV for a path that
/// leaves, also for a mount under Mounts::kStay. Never EINTR.
int open_beneath(int dir, const char* name, int flags, Mounts mounts = Mounts::kCross) noexcept;

/// Opens a regular file to read, as open_beneath does, and gives its facts. ENXIO for a device,
/// FIFO or socket: those are not even opened, since opening alone makes some devices act. What
/// stands at the name is looked at by a descriptor that opens nothing, and that very object is then
/// opened by way of /proc; where there is no /proc, the name is once more.
int open_file_beneath(int dir, const char* name, struct stat& facts) noexcept;

/// As open_beneath without openat2: one openat a component. Of its own for tests.
int open_beneath_stepwise(int dir, const char* name, int flags, Mounts mounts) noexcept;

}  // namespace regsweep::storage
