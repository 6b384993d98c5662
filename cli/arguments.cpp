#include "cli/arguments.h"

#include <algorithm>

#include "reports/humanize.h"

namespace regsweep::cli {
namespace {

using Filter = std::function<bool(CLI::App*)>;

bool takes_a_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

}  // namespace

bool lacks_a_value(const std::vector<std::string>& args, const Io& io) {
  const auto end = std::find(args.begin(), args.end(), "--");
  const auto at = std::find_if(args.begin(), end, [](const std::string& text) {
    return text.starts_with("--") && text.find('=') == text.size() - 1;
  });
  if (at == end) return false;
  io.err << "regsweep: " << reports::printable(*at)
         << " has no value: is a variable unset? Nothing was changed\n";
  return true;
}

void forbid_empty_values(CLI::App& app) {
  const CLI::Validator not_empty(
      [](const std::string& value) -> std::string {
        return value.empty() ? "the value is empty: is a variable unset?" : "";
      },
      "");
  for (CLI::App* command : app.get_subcommands(Filter())) {
    for (CLI::Option* option : command->get_options()) {
      if (option->nonpositional() && takes_a_value(*option)) option->check(not_empty);
    }
  }
}

}  // namespace regsweep::cli
