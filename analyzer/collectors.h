#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "analyzer/registry_collector.h"

namespace regsweep::analyzer {

/// Both versions of the registry's collector, each without and with `-m`.
inline constexpr std::size_t kCollectors = 4;

/// Replays each of them on the survey, and calls `f(index, options, run)` with what it would do,
/// from several threads. The order is: 2.8, 2.8 with -m, 3, 3 with -m.
void for_each_collector(
    const Survey& survey, const std::string& root,
    const std::function<void(std::size_t, const CollectorOptions&, const CollectorRun&)>& f);

/// Why a run that was repeated without actions would abort; empty if it would run to its end. Also
/// at a layer link, when the blobs are already gone: 3.x removes a layer link by the digest it
/// holds, and where two links of a repository hold the same one (a sha512 name beside its sha256),
/// the second removal fails.
std::string abort_of(const CollectorRun& run);

/// Whether it would have removed something by the time that it aborts.
bool aborts_after_removing(const CollectorRun& run);

}  // namespace regsweep::analyzer
