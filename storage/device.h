#pragma once

#include <cstdint>
#include <string_view>

#include "storage/result.h"

namespace regsweep::storage {

/// What a store lies on, as far as it decides how to read it.
enum class DeviceKind : std::uint8_t {
  kMemory,    ///< tmpfs: reading waits for nothing
  kSolid,     ///< no seeks: several readers at once
  kRotating,  ///< a head that moves: few readers, in the order of the disk
  kNetwork,   ///< NFS, SMB, FUSE and the like: many requests in flight hide the way
};

/// "memory", "solid state", "rotating" or "network".
std::string_view device_kind_name(DeviceKind kind) noexcept;

/// What the file system behind an open file or directory lies on: by its type, else by what the
/// kernel says of its block device (/sys/dev/block/<major>:<minor>/queue/rotational). Where neither
/// tells, kSolid.
DeviceKind device_kind_of(int fd) noexcept;

/// The same, by the ids alone and with another place than /sys/dev/block. Of its own for tests.
DeviceKind block_device_kind(unsigned major, unsigned minor, std::string_view sys_dev_block);

}  // namespace regsweep::storage
