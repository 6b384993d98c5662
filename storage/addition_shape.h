#pragma once

#include <string_view>

#include "storage/digest.h"
#include "storage/result.h"
#include "storage/sweeper.h"

namespace regsweep::storage {

/// Whether a path below v2 can be that of a file of this class: the forms at AdditionClass, which
/// but for a tag's current link end in the directory of this very digest.
bool has_addition_shape(AdditionClass addition_class, std::string_view path, const Digest& digest);

/// has_addition_shape() as a Status: kCorrupt, with the class in words.
Status check_addition(const Addition& addition);

/// Whether a path below v2 can be a directory above an addition: `blobs`, `repositories`, or below.
bool has_made_directory_shape(std::string_view path) noexcept;

/// "blob-data", "layer-link" ...: as the journal spells them.
std::string_view class_name(AdditionClass addition_class) noexcept;
bool class_of_name(std::string_view name, AdditionClass& out) noexcept;

}  // namespace regsweep::storage
