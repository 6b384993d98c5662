#pragma once

#include <vector>

#include "analyzer/survey.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// Blobs from this size on are handed out one by one, the largest first.
inline constexpr std::uint64_t kLargeBlobBytes = 1024 * 1024;

/// `chosen`, which is by id, in the order in which `readers` threads should read it from a device
/// of this kind. Large ones come first, the largest in front: a thread that takes one early is not
/// the last to end. Small ones follow by id: neighbours share directories. A rotating disk is read
/// in the order of inodes, which is about that of its blocks; costs a look at each file.
std::vector<DigestId> reading_order(const storage::Store& store, const Survey& survey,
                                    std::vector<DigestId> chosen, storage::DeviceKind device,
                                    int readers);

}  // namespace regsweep::analyzer
