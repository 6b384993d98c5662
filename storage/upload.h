#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/directory.h"
#include "storage/store.h"

namespace regsweep::storage {

/// Reads one directory of `_uploads`: what it holds, and since when.
Result<UploadEntry> read_upload(const Directory& uploads, const std::string& id);

/// Seconds since 1970 of an RFC 3339 time such as "2024-01-02T03:04:05Z" (a fraction or an offset
/// may follow the seconds). Returns false for anything else.
bool parse_rfc3339(std::string_view text, std::int64_t& seconds) noexcept;

}  // namespace regsweep::storage
