#pragma once

namespace regsweep::storage {

/// Whether a path may lead into a file system that is mounted on its way.
enum class Mounts : bool { kCross, kStay };

/// Opens `name`, of one or more components, below the open directory `dir`, O_CLOEXEC. None of the
/// components may leave `dir` or be a symbolic link: openat2 with RESOLVE_BENEATH and
/// RESOLVE_NO_SYMLINKS, or step by step on kernels (and seccomp filters) that refuse it.
/// Returns the descriptor, or -1 and errno: ELOOP for a symbolic link, EXDEV for a path that
/// leaves, also for a mount under Mounts::kStay; EAGAIN, with O_NONBLOCK, for a file on which
/// another process has a lease. Never EINTR.
int open_beneath(int dir, const char* name, int flags, Mounts mounts = Mounts::kCross) noexcept;

/// The same without openat2: one openat a component. Of its own for tests.
int open_beneath_stepwise(int dir, const char* name, int flags, Mounts mounts) noexcept;

}  // namespace regsweep::storage
