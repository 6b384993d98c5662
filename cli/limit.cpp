#include "cli/limit.h"

#include "reports/humanize.h"

namespace regsweep::cli {

CLI::Validator limit_validator(const std::string& percent) {
  return CLI::Validator(
      [percent](const std::string& limit) -> std::string {
        const bool good = limit.ends_with('%') ? reports::parse_percent(limit).has_value()
                                               : reports::parse_size(limit).has_value();
        return good ? "" : "want a size such as 50G or a percentage such as " + percent;
      },
      "SIZE|PERCENT");
}

CLI::Validator age_validator() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        return reports::parse_age(text) ? "" : "want an age such as 90m, 24h, 7d or 2w";
      },
      "");
}

bool over_limit(const std::string& limit, std::uint64_t part, std::uint64_t whole) {
  if (!limit.ends_with('%')) return part > reports::parse_size(limit).value_or(0);
  const double percent = reports::parse_percent(limit).value_or(0);
  return 100.0 * static_cast<double>(part) > percent * static_cast<double>(whole);
}

}  // namespace regsweep::cli
