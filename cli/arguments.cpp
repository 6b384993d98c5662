#include "cli/arguments.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "reports/humanize.h"

namespace regsweep::cli {
namespace {

namespace fs = std::filesystem;
using Filter = std::function<bool(CLI::App*)>;

bool takes_a_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// "--output", or the name of what stands without one.
std::string name_of(const CLI::Option& option) {
  return option.nonpositional() ? "--" + option.get_lnames().front() : option.get_name();
}

bool is_output(const CLI::Option& option) {
  return option.check_lname("output") || option.check_lname("html");
}

/// Whether its values are names of files or directories; all others are of what a store holds.
bool names_files(const CLI::Option& option) {
  constexpr std::string_view kPositional[] = {"STORE", "OLD", "NEW"};
  if (!option.nonpositional()) return std::ranges::count(kPositional, option.get_name()) != 0;
  const std::string kind = option.get_type_name();
  return kind.find("FILE") != std::string::npos || kind.find("STORE") != std::string::npos;
}

bool says_same(const CLI::Option& output, const CLI::Option& input, const Io& io) {
  for (const std::string& written : output.results()) {
    for (const std::string& read : input.results()) {
      std::error_code ignored;
      if (!fs::is_regular_file(written, ignored) || !fs::equivalent(written, read, ignored))
        continue;
      io.err << "regsweep: " << reports::printable(written) << " is read as " << name_of(input)
             << ": name another file to write to with "
             << (output.check_lname("output") ? "-o" : name_of(output)) << '\n';
      return true;
    }
  }
  return false;
}

}  // namespace

bool lacks_a_value(const std::vector<std::string>& args, const Io& io) {
  const auto end = std::find(args.begin(), args.end(), "--");
  const auto at = std::find_if(args.begin(), end, [](const std::string& text) {
    const bool is_short = text.size() > 2 && text[0] == '-' && text[1] != '-' && text[2] == '=';
    return is_short || (text.starts_with("--") && text.find('=') == text.size() - 1);
  });
  if (at == end) return false;
  io.err << "regsweep: " << reports::printable(*at)
         << ((*at)[1] == '-' ? " has no value: is a variable unset? Nothing was changed\n"
                             : ": a short option's value stands behind it, without '='\n");
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

bool overwrites_input(const CLI::App& command, const Io& io) {
  for (const CLI::Option* output : command.get_options()) {
    if (!is_output(*output)) continue;
    for (const CLI::Option* input : command.get_options()) {
      const bool is_read = names_files(*input) && !is_output(*input);
      if (is_read && says_same(*output, *input, io)) return true;
    }
  }
  return false;
}

}  // namespace regsweep::cli
