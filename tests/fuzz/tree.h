#pragma once

#include <string>
#include <string_view>

namespace regsweep::fuzz {

/// What an input has made of a directory tree.
struct Tree {
  bool has_hard_links = false;
  bool has_symlinks = false;
};

/// Makes a small tree of what a text lists, one thing a line:
///
///   PATH/                 a directory
///   PATH TAB CONTENT      a file; "\n" in the content is a line feed, "\0" a NUL
///   PATH TAB > TARGET     a symbolic link
///   PATH TAB = PATH       a hard link
///   PATH TAB |            a FIFO
///
/// Paths are below `v2`, or with '^' in front below `root`; directories above are made. "$ab"
/// stands for "ab" 32 times and "%ab" for 64 times, the hex digits of a digest. A line that cannot
/// be done (the name is too long, a file stands in the way, "..") is left out; so are those beyond
/// the first 180.
Tree make_tree(std::string_view listing, const std::string& root, const std::string& v2);

}  // namespace regsweep::fuzz
