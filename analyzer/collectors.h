#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "analyzer/registry_collector.h"

namespace regsweep::analyzer {

/// Both versions of the registry's collector, each without and with `-m`.
inline constexpr std::size_t kCollectors = 4;

/// One of them, and how its run would end.
struct CollectorEnd {
  RegistryVersion version = RegistryVersion::k3;
  bool delete_untagged = false;        ///< `-m`
  std::string abort;                   ///< why it would abort; empty if it would run to its end
  bool aborts_after_removing = false;  ///< it would have removed something by then

  bool removes_nothing() const noexcept { return !abort.empty() && !aborts_after_removing; }
};

/// Replays each of them on the survey, and calls `f(index, end, run)` with what it would do, from
/// several threads. The order is: 2.8, 2.8 with -m, 3, 3 with -m.
void for_each_collector(
    const Survey& survey, const std::string& root,
    const std::function<void(std::size_t, const CollectorEnd&, const CollectorRun&)>& f);

}  // namespace regsweep::analyzer
