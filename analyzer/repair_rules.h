#pragma once

#include <string>
#include <vector>

#include "storage/digest.h"

namespace regsweep::analyzer {

/// What a repair may do beyond what it always does.
struct RepairRules {
  bool drop_dangling = false;  ///< links to blobs that are not there go to quarantine
  bool lost_found = false;     ///< whole manifests that nothing holds get a tag
  bool read_all = false;       ///< every blob is hashed to find the damaged ones
  std::vector<storage::Digest> suspects = {};  ///< blobs that are said to be damaged
  std::vector<std::string> sources = {};       ///< where blobs may be had from; absolute paths
};

}  // namespace regsweep::analyzer
