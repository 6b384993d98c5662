#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/blob_class.h"

namespace regsweep::analyzer {

/// The media type of each digest's blob: of a manifest its own; of another what references to it
/// declare, the first by text if they disagree; "" if nothing says.
struct MediaTypeOf {
  std::vector<std::string> names;    ///< each once
  std::vector<std::uint32_t> index;  ///< by digest, into `names`

  const std::string& operator[](DigestId id) const { return names[index[row(id)]]; }
};
MediaTypeOf media_type_of(const Survey& survey);

/// The media type that a manifest of this type has, "" if it has none of its own.
/// Source: OCI image spec, media types; distribution manifest/schema2 and manifestlist.
std::string_view media_type_of(ManifestType type) noexcept;

/// Blobs of one media type.
struct MediaTypeRow {
  std::string name;
  ClassSplit split;
};

/// The store's blobs by media type, by name; every blob is in one row.
std::vector<MediaTypeRow> blobs_by_media_type(const Survey& survey, const Accounts& accounts);

}  // namespace regsweep::analyzer
