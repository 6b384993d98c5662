#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/account.h"
#include "analyzer/damage.h"
#include "analyzer/registry_collector.h"

namespace regsweep::analyzer {

/// What one of the registry's own collectors would do wrong on this store.
struct Hazard {
  RegistryVersion version = RegistryVersion::k3;
  bool delete_untagged = false;
  std::vector<Hazard> same_abort;      ///< other collectors that would stop at the same thing
  std::string abort;                   ///< why it would abort; empty if it would run to its end
  bool aborts_after_removing = false;  ///< it would have removed something by then
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
