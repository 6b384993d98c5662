#include "storage/named_path.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace regsweep::storage {

Error named_path_error(const std::string& path, int error_number, std::string_view what) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return {Errc::kNotFound, path, "does not exist"};
    case EACCES:
    case EPERM:
      return {Errc::kDenied, path,
              fmt::format("user {} may not read it; run as root or as the registry's user",
                          ::geteuid())};
    case ELOOP:
      return {Errc::kUsage, path, "too many symbolic links"};
    default:
      return {Errc::kIo, path,
              fmt::format("{}{}{}", what, what.empty() ? "" : ": ",
                          std::generic_category().message(error_number))};
  }
}

}  // namespace regsweep::storage
