#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analyzer/survey.h"

namespace regsweep::analyzer {

/// Of blobs that share one file, the one of the lowest rank gets the bytes, as `du` counts them
/// once; of equals the first by id. The others become kCountedElsewhere. What an earlier call
/// settled is settled anew.
void settle_hard_links(Survey& survey, const std::function<int(DigestId)>& rank);

struct NamesInStore {
  DigestId blob = kNoDigest;
  std::uint32_t names = 0;
};

/// For each blob that is `wanted` and whose file has several names: how many of them are blobs of
/// the store; by blob. The file system may count more; then its bytes are not free before those
/// elsewhere go.
std::vector<NamesInStore> names_in_store(const Survey& survey,
                                         const std::function<bool(DigestId)>& wanted);

}  // namespace regsweep::analyzer
