// Does with a store what a repair does, step by step as it is told: for the scripts here.
//
//   addition_driver ROOT V2 [again] <PLAN
//
// A line of PLAN is "add CLASS PATH DIGEST [SOURCE]" or "move CLASS PATH", separated by tabs, with
// the classes as the journal spells them. All additions are staged, then what is named moves to
// quarantine, then the additions are placed. With "again" a step that fails is gone on with once,
// in the same run.
//
// Exit: 0 done, 1 a step failed (the message names it), 2 usage.
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "storage/addition_shape.h"
#include "storage/sweeper.h"
#include "storage/sweeper_shape.h"

namespace {

using namespace regsweep::storage;

struct Plan {
  std::vector<Addition> additions;
  std::vector<Removal> removals;
};

int failed(const std::string& step, const Error& error) {
  std::cerr << step << ": " << error.path << ": " << error.message << '\n';
  return 1;
}

bool read_line(const std::string& line, Plan& plan) {
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
  if (fields.size() == 3 && fields[0] == "move") {
    Removal removal;
    removal.path = fields[2];
    removal.allocated_bytes = 4096;
    plan.removals.push_back(removal);
    return class_of_name(fields[1], plan.removals.back().removal_class);
  }
  if (fields.size() < 4 || fields[0] != "add") return false;
  Addition addition;
  addition.path = fields[2];
  if (fields.size() > 4) addition.source = fields[4];
  plan.additions.push_back(addition);
  return class_of_name(fields[1], plan.additions.back().addition_class) &&
         parse_digest(fields[3], plan.additions.back().digest) == DigestError::kNone;
}

/// Calls a step that says how many it did, and once more with the rest if that fails.
template <class Step>
int go_on(const char* name, bool again, const Step& step) {
  std::size_t done = 0;
  const Status first = step(0, done);
  if (first) return 0;
  if (!again) return failed(name, first.error());
  const Status second = step(done, done);
  return second ? 0 : failed(name, second.error());
}

template <class Thing>
std::vector<Thing> behind(const std::vector<Thing>& things, std::size_t done) {
  return {things.begin() + static_cast<std::ptrdiff_t>(done), things.end()};
}

int carry_out(Sweeper& sweeper, Plan& plan, bool again) {
  for (Removal& removal : plan.removals) {
    const auto identity = sweeper.identify(removal.removal_class, removal.path);
    if (!identity) return failed("identify", identity.error());
    removal.identity = *identity;
  }
  if (const Status begun = sweeper.begin_quarantine(); !begun) {
    return failed("begin", begun.error());
  }
  std::size_t placed = 0;
  int rc = go_on("stage", again, [&](std::size_t from, std::size_t& done) {
    return sweeper.stage(behind(plan.additions, from), done);
  });
  if (rc == 0) {
    rc = go_on("quarantine", again, [&](std::size_t from, std::size_t& done) {
      std::vector<regsweep::storage::Removed> removed;
      Status status = sweeper.quarantine(behind(plan.removals, from), removed);
      done = removed.size();
      return status;
    });
  }
  if (rc == 0) {
    rc = go_on("place", again, [&](std::size_t, std::size_t&) { return sweeper.place(placed); });
  }
  if (rc != 0) return rc;
  if (placed != plan.additions.size()) return failed("place", {Errc::kIo, {}, "not all", 0});
  return go_on("end", again,
               [&](std::size_t, std::size_t&) { return sweeper.end_quarantine(true); });
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  const bool again = argc == 4 && std::string(argv[3]) == "again";
  if (argc != 3 && !again) return 2;
  for (std::string line; std::getline(std::cin, line);) {
    if (!read_line(line, plan)) {
      std::cerr << "no line of a plan: " << line << '\n';
      return 2;
    }
  }
  const auto sweeper = open_sweeper(argv[1], argv[2]);
  if (!sweeper) return failed("open", sweeper.error());
  return carry_out(**sweeper, plan, again);
}
