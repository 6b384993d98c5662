#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli/io.h"

namespace regsweep::cli {

/// Whether an option stands there as `--name=`, with nothing behind it, as of a shell's unset
/// variable; says so on `io.err`. CLI11 would take the next argument for its value: of
/// `--roots= STORE` the store that is meant, and the default one would be worked on. So does
/// `-o=X`, which would write to `=X`. What follows a bare `--` is not looked at.
bool lacks_a_value(const std::vector<std::string>& args, const Io& io);

/// Takes one of these words for an option's value, and names them all for any other one. CLI11's
/// own shows what they stand for, too, as characters.
template <class Value>
CLI::Validator one_of(const std::map<std::string, Value>& words) {
  return CLI::Validator(
      [words](std::string& value) -> std::string {
        const auto at = words.find(value);
        if (at != words.end()) {
          value = std::to_string(static_cast<int>(at->second));
          return {};
        }
        std::string known;
        for (const auto& [word, ignored] : words) known += (known.empty() ? "" : ", ") + word;
        return "is none of " + known;
      },
      "");
}

/// Makes every option of every command that takes a value refuse an empty one. CLI11 takes it for
/// none at all: a rule that was to keep something would be dropped without a word.
void forbid_empty_values(CLI::App& app);

/// Whether a file that the command writes, by -o or --html, is one that another of its arguments
/// has it read; says so on `io.err`.
bool overwrites_input(const CLI::App& command, const Io& io);

}  // namespace regsweep::cli
