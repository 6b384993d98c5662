#include "storage/device.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace regsweep::storage {
namespace {

// Not in linux/magic.h of Debian 12.
constexpr unsigned long kCifsMagic = 0xFF534D42;
constexpr unsigned long kSmb2Magic = 0xFE534D42;
constexpr unsigned long kFuseMagic = 0x65735546;
constexpr unsigned long kCephMagic = 0x00C36400;
constexpr unsigned long kLustreMagic = 0x0BD00BD0;
constexpr unsigned long kGfs2Magic = 0x01161970;

}  // namespace

std::string_view device_kind_name(DeviceKind kind) noexcept {
  switch (kind) {
    case DeviceKind::kMemory:
      return "memory";
    case DeviceKind::kSolid:
      return "solid state";
    case DeviceKind::kRotating:
      return "rotating";
    case DeviceKind::kNetwork:
      return "network";
  }
  return "";
}

DeviceKind block_device_kind(unsigned major, unsigned minor, std::string_view sys_dev_block) {
  const std::string device =
      std::string(sys_dev_block) + '/' + std::to_string(major) + ':' + std::to_string(minor);
  // A virtual machine's disk (virtio "vda", Xen "xvda") says that it rotates, whatever it is made
  // of.
  std::error_code ignored;
  const std::string name = std::filesystem::read_symlink(device, ignored).filename().string();
  if (name.starts_with("vd") || name.starts_with("xvd")) return DeviceKind::kSolid;
  // A partition's queue is its disk's, one level up.
  for (const char* queue : {"/queue/rotational", "/../queue/rotational"}) {
    std::ifstream file(device + queue);
    int rotational = 0;
    if (file >> rotational) return rotational == 1 ? DeviceKind::kRotating : DeviceKind::kSolid;
  }
  return DeviceKind::kSolid;
}

DeviceKind device_kind_of(int fd) noexcept {
  struct statfs fs;
  struct stat st;
  if (::fstatfs(fd, &fs) != 0 || ::fstat(fd, &st) != 0) return DeviceKind::kSolid;
  switch (static_cast<unsigned long>(fs.f_type)) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
      return DeviceKind::kMemory;
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
    case CODA_SUPER_MAGIC:
    case V9FS_MAGIC:
    case kCifsMagic:
    case kSmb2Magic:
    case kFuseMagic:
    case kCephMagic:
    case kLustreMagic:
    case kGfs2Magic:
      return DeviceKind::kNetwork;
    default:
      return block_device_kind(major(st.st_dev), minor(st.st_dev), "/sys/dev/block");
  }
}

}  // namespace regsweep::storage
