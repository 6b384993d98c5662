#include "analyzer/strays.h"

#include <algorithm>
#include <utility>

#include "storage/layout.h"

namespace regsweep::analyzer {

void Strays::add(storage::Event event) {
  ++objects;
  bytes += {event.facts.size_bytes, event.facts.allocated_bytes};
  // A heap, the last by path in front: it is what the next one may displace.
  if (paths.size() == kNamed) {
    if (paths.front() <= event.path) return;
    std::pop_heap(paths.begin(), paths.end());
    paths.pop_back();
  }
  paths.push_back(std::move(event.path));
  std::push_heap(paths.begin(), paths.end());
}

bool may_be_stray_link(const storage::Event& event) {
  const std::string below = std::string("/") + storage::layout::kRevisions + '/';
  const std::string link = std::string("/") + storage::layout::kLink;
  return (event.kind == storage::EventKind::kStrayDirectory || event.path.ends_with(link)) &&
         event.path.find(below) != std::string::npos;
}

void Strays::settle() { std::sort_heap(paths.begin(), paths.end()); }

}  // namespace regsweep::analyzer
