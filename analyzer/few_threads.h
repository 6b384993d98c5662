#pragma once

#include <cstddef>
#include <functional>

namespace regsweep::analyzer {

/// Calls `f(i)` for each i below `count`, on at most eight threads of those the caller's TBB arena
/// has: for work that needs memory for every digest in each thread, and no I/O. A machine of many
/// cores would else hold many times the graph.
void on_few_threads(std::size_t count, const std::function<void(std::size_t)>& f);

}  // namespace regsweep::analyzer
