#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/collectors.h"
#include "analyzer/damage.h"

namespace regsweep::analyzer {

/// What one of the registry's own collectors would do wrong on this store.
struct Hazard : CollectorEnd {
  std::vector<Hazard> same_abort;      ///< other collectors that would stop at the same thing
  std::vector<BrokenTag> broken_tags;  ///< tags that would no longer be pulled whole
  std::uint64_t lost_blobs = 0;        ///< live blobs that it would delete
  Bytes lost_bytes;
  std::uint64_t lost_children = 0;   ///< images that tagged indexes need
  std::uint64_t lost_referrers = 0;  ///< signatures and the like whose subject lives
};

/// Repeats 2.8 and 3.x, with and without `-m`, and compares each with the complete closure. The
/// four runs do no I/O. Source of what is repeated: registry_collector.h.
std::vector<Hazard> find_hazards(const Survey& survey, const Accounts& accounts,
                                 const std::string& root);

}  // namespace regsweep::analyzer
