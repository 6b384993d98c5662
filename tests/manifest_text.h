#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/manifest.h"

/// Short words for documents and for what was read of them.
namespace regsweep::analyzer::manifest_text {

inline const std::string kA = "sha256:" + std::string(64, 'a');
inline const std::string kB = "sha256:" + std::string(64, 'b');
inline const std::string kC = "sha256:" + std::string(64, 'c');
inline const std::string kD = "sha256:" + std::string(64, 'd');
inline const std::string kLong = "sha512:" + std::string(128, 'e');

inline constexpr std::string_view kDockerImage =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kOciImage = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";

/// Parses with a parser that others have used before, as in a scan.
inline Manifest parse(std::string_view text) {
  static ManifestParser parser;
  std::string padded(text);
  padded.append(ManifestParser::padding_bytes(), '\xff');
  return parser.parse(std::string_view(padded).substr(0, text.size()));
}

inline std::string text_of(const Reference& reference) {
  return reference.valid ? reference.digest.text() : reference.invalid_text;
}

inline std::vector<std::string> marked_2_8(const Manifest& manifest) {
  std::vector<std::string> out;
  for (const Reference& r : manifest.references) {
    if (r.marked_by_2_8) out.push_back(text_of(r));
  }
  return out;
}

inline std::vector<std::string> marked_3(const Manifest& manifest) {
  std::vector<std::string> out;
  for (const Reference& r : manifest.references) {
    if (r.marked_by_3) out.push_back(text_of(r));
  }
  return out;
}

inline std::vector<std::string> all(const Manifest& manifest) {
  std::vector<std::string> out;
  for (const Reference& r : manifest.references) out.push_back(text_of(r));
  return out;
}

using Texts = std::vector<std::string>;

inline std::string descriptor(const std::string& digest) {
  return R"({"size":7,"digest":")" + digest + R"("})";
}

/// A version 2 document of this media type with these further members.
inline std::string version_2(std::string_view media_type, const std::string& members) {
  return R"({"schemaVersion":2,"mediaType":")" + std::string(media_type) + "\"," + members + "}";
}

inline void expect_both_refuse(std::string_view text, const std::string& error) {
  const Manifest m = parse(text);
  EXPECT_EQ(m.error_2_8, error) << text;
  EXPECT_EQ(m.error_3, error) << text;
  EXPECT_EQ(marked_2_8(m), Texts{}) << text;
  EXPECT_EQ(marked_3(m), Texts{}) << text;
}

}  // namespace regsweep::analyzer::manifest_text
