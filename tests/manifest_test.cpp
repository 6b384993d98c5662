#include "analyzer/manifest.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/manifest_text.h"

namespace regsweep::analyzer {
namespace {

using namespace manifest_text;

// What kind of document it is, and what is marked
// --------------------------------------------------

TEST(Manifest, AnImageMarksItsConfigThenItsLayersInOrder) {
  for (const std::string_view type : {kDockerImage, kOciImage}) {
    const Manifest m =
        parse(version_2(type, R"("layers":[)" + descriptor(kC) + "," + descriptor(kB) +
                                  R"(],"config":)" + descriptor(kA)));
    EXPECT_EQ(m.type, type == kOciImage ? ManifestType::kOciImage : ManifestType::kDockerImage);
    EXPECT_EQ(m.media_type, type);
    EXPECT_TRUE(m.understood);
    EXPECT_EQ(m.problem, "");
    EXPECT_EQ(marked_2_8(m), (Texts{kA, kC, kB}));
    EXPECT_EQ(marked_3(m), (Texts{kA, kC, kB}));
    EXPECT_EQ(m.references[0].role, Role::kConfig);
    EXPECT_EQ(m.references[1].role, Role::kLayer);
    EXPECT_EQ(m.references[1].size_bytes, 7);
    EXPECT_FALSE(m.references[1].is_manifest);
  }
}

TEST(Manifest, AnIndexMarksItsManifests) {
  for (const std::string_view type : {kDockerList, kOciIndex}) {
    const Manifest m =
        parse(version_2(type, R"("manifests":[)" + descriptor(kB) + "," + descriptor(kA) + "]"));
    EXPECT_EQ(m.type, type == kOciIndex ? ManifestType::kOciIndex : ManifestType::kDockerList);
    EXPECT_EQ(marked_2_8(m), (Texts{kB, kA}));
    EXPECT_EQ(marked_3(m), (Texts{kB, kA}));
    EXPECT_EQ(m.references[0].role, Role::kManifest);
    EXPECT_TRUE(m.references[0].is_manifest);
  }
}

TEST(Manifest, DuplicateLayersAreMarkedTwice) {
  const Manifest m = parse(version_2(kOciImage, R"("config":)" + descriptor(kA) + R"(,"layers":[)" +
                                                    descriptor(kB) + "," + descriptor(kB) + "]"));
  EXPECT_EQ(marked_2_8(m), (Texts{kA, kB, kB}));
}

TEST(Manifest, WithoutMediaTypeTheFieldsDecide) {
  Manifest m = parse(R"({"schemaVersion":2,"config":)" + descriptor(kA) + R"(,"layers":[]})");
  EXPECT_EQ(m.type, ManifestType::kOciImage);
  EXPECT_EQ(marked_2_8(m), Texts{kA});
  m = parse(R"({"schemaVersion":2,"manifests":[)" + descriptor(kA) + "]}");
  EXPECT_EQ(m.type, ManifestType::kOciIndex);
  EXPECT_EQ(marked_3(m), Texts{kA});
}

TEST(Manifest, WithoutMediaTypeManifestsWinOverLayersWhichTheSafeClosureStillSees) {
  const Manifest m = parse(R"({"schemaVersion":2,"config":)" + descriptor(kA) + R"(,"layers":[)" +
                           descriptor(kB) + R"(],"manifests":[)" + descriptor(kC) + "]}");
  EXPECT_EQ(marked_2_8(m), Texts{kC});
  EXPECT_EQ(marked_3(m), Texts{kC});
  EXPECT_EQ(all(m), (Texts{kC, kA, kB}));
}

TEST(Manifest, AnEmptyListOfManifestsMakesAnIndexAndNullDoesNot) {
  EXPECT_EQ(marked_2_8(parse(R"({"schemaVersion":2,"manifests":[]})")), Texts{});
  EXPECT_EQ(marked_2_8(parse(R"({"schemaVersion":2,"manifests":null})")), Texts{""});
}

TEST(Manifest, AnImageWithoutConfigMarksTheEmptyDigest) {
  const Manifest m = parse(version_2(kOciImage, R"("layers":[{},null])"));
  EXPECT_TRUE(m.understood);
  EXPECT_EQ(marked_2_8(m), (Texts{"", "", ""}));
  EXPECT_EQ(marked_3(m), (Texts{"", "", ""}));
  EXPECT_FALSE(m.references[0].valid);
  EXPECT_EQ(m.references[0].role, Role::kConfig);
  EXPECT_EQ(m.references[2].role, Role::kLayer);
}

TEST(Manifest, DigestsOfOtherAlgorithmsAreDigests) {
  const Manifest m =
      parse(version_2(kOciImage, R"("config":)" + descriptor(kLong) + R"(,"layers":[])"));
  EXPECT_TRUE(m.understood);
  EXPECT_EQ(marked_2_8(m), Texts{kLong});
  EXPECT_EQ(m.references[0].digest.algorithm, storage::Algorithm::kSha512);
}

TEST(Manifest, AnInvalidDigestIsMarkedAsWrittenAndNothingMayBeSwept) {
  const Manifest m =
      parse(version_2(kOciImage, R"("config":{"digest":"no\u0074 one\n"},"layers":[])"));
  EXPECT_FALSE(m.understood);
  EXPECT_EQ(m.problem, "digest of config: invalid checksum digest format");
  EXPECT_EQ(m.error_2_8, "");
  EXPECT_EQ(marked_2_8(m), Texts{"not one\n"});
  EXPECT_EQ(marked_3(m), Texts{"not one\n"});
}

TEST(Manifest, ForeignLayersAreMarkedAndToldApart) {
  const Manifest m = parse(version_2(
      kDockerImage, R"("config":{"digest":")" + kA + R"("},"layers":[{"digest":")" + kB +
                        R"(","urls":["http://x"]},{"digest":")" + kC + R"(","urls":[]}])"));
  EXPECT_EQ(marked_2_8(m), (Texts{kA, kB, kC}));
  EXPECT_FALSE(m.references[0].foreign);
  EXPECT_TRUE(m.references[1].foreign);
  EXPECT_FALSE(m.references[2].foreign);
  EXPECT_EQ(m.references[1].size_bytes, -1);
}

TEST(Manifest, ALayerWithAManifestsMediaTypeIsAManifest) {
  const Manifest m =
      parse(version_2(kOciImage, R"("config":)" + descriptor(kA) + R"(,"layers":[{"mediaType":")" +
                                     std::string(kOciIndex) + R"(","digest":")" + kB + R"("}])"));
  EXPECT_FALSE(m.references[0].is_manifest);
  EXPECT_TRUE(m.references[1].is_manifest);
}

// What only the safe closure sees
// ------------------------------------------------------------------

TEST(Manifest, ASubjectIsSeenByTheSafeClosureAlone) {
  const Manifest m = parse(version_2(kOciImage, R"("subject":)" + descriptor(kB) + R"(,"config":)" +
                                                    descriptor(kA) + R"(,"layers":[])"));
  EXPECT_EQ(marked_2_8(m), Texts{kA});
  EXPECT_EQ(marked_3(m), Texts{kA});
  ASSERT_EQ(all(m), (Texts{kA, kB}));
  EXPECT_EQ(m.references[1].role, Role::kSubject);
  EXPECT_TRUE(m.references[1].is_manifest);
}

TEST(Manifest, AnArtifactManifestIsUnderstoodThoughTheRegistriesRefuseIt) {
  const Manifest m =
      parse(R"({"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"a/b",)"
            R"("blobs":[)" +
            descriptor(kA) + R"(],"subject":)" + descriptor(kB) + "}");
  EXPECT_EQ(m.type, ManifestType::kArtifact);
  EXPECT_TRUE(m.understood);
  EXPECT_EQ(m.artifact_type, "a/b");
  EXPECT_EQ(m.error_2_8, "unrecognized manifest schema version 0");
  EXPECT_EQ(m.error_3, "unrecognized manifest schema version 0");
  EXPECT_EQ(all(m), (Texts{kA, kB}));
  EXPECT_EQ(m.references[0].role, Role::kBlob);
}

TEST(Manifest, AnUnknownMediaTypeKeepsItsReferences) {
  const Manifest m =
      parse(version_2("application/x-strange",
                      R"("config":)" + descriptor(kA) + R"(,"layers":[)" + descriptor(kB) + "]"));
  EXPECT_EQ(m.type, ManifestType::kUnknown);
  EXPECT_TRUE(m.understood);
  const std::string error =
      "errors verifying manifest: unrecognized manifest content type application/x-strange";
  EXPECT_EQ(m.error_2_8, error);
  EXPECT_EQ(m.error_3, error);
  EXPECT_EQ(all(m), (Texts{kA, kB}));
  EXPECT_EQ(marked_2_8(m), Texts{});
}

TEST(Manifest, EveryDuplicateOfAKeyIsAReference) {
  const Manifest m =
      parse(version_2(kOciImage, R"("config":)" + descriptor(kA) + R"(,"config":{"digest":")" + kB +
                                     R"(","digest":")" + kC + R"("},"layers":[)" + descriptor(kD) +
                                     R"(],"layers":[])"));
  EXPECT_EQ(marked_2_8(m), Texts{kC});
  EXPECT_EQ(all(m), (Texts{kC, kA, kB, kD}));
  EXPECT_TRUE(m.understood);
  EXPECT_EQ(m.problem, "more than one config");
}

TEST(Manifest, WhatMayHideAReferenceIsNotUnderstood) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("layers":"abc")", "layers is not a list"},
      {R"("LAYERS":{})", "layers is not a list"},
      {R"("manifests":[[]])", "manifests holds what is not an object"},
      {R"("config":[])", "config is not an object"},
      {R"("subject":7)", "subject is not an object"},
      {R"("blobs":[{"digest":7}])", "digest of blobs is not a string"},
      {R"("fsLayers":[{"blobSum":"sha256:abc"}])",
       "blobSum of fsLayers: invalid checksum digest length"},
      {R"("subject":{"Digest":"md5:00"})", "digest of subject: unsupported digest algorithm"},
  };
  for (const auto& [members, problem] : cases) {
    const std::string text = "{" + members + "}";
    const Manifest m = parse(text);
    EXPECT_FALSE(m.understood) << text;
    EXPECT_EQ(m.problem, problem) << text;
  }
}

TEST(Manifest, NullAndEmptyHideNothing) {
  for (const std::string_view text :
       {R"({"layers":null,"config":null,"subject":null,"manifests":[null],"blobs":[]})",
        R"({"config":{"digest":null},"layers":[{"digest":""}],"fsLayers":[{}]})", "{}"}) {
    const Manifest m = parse(text);
    EXPECT_TRUE(m.understood) << text;
    EXPECT_EQ(m.references.size(), 0u) << text;
  }
}

TEST(Manifest, DataBehindTheDocumentStopsTheRegistriesAndNotTheSafeClosure) {
  const Manifest m =
      parse(version_2(kOciImage, R"("config":)" + descriptor(kA) + R"(,"layers":[])") + "x");
  EXPECT_EQ(m.error_2_8, "invalid character 'x' after top-level value");
  EXPECT_EQ(m.error_3, "invalid character 'x' after top-level value");
  EXPECT_TRUE(m.understood);
  EXPECT_EQ(m.problem, "data behind the document: invalid character 'x' after top-level value");
  EXPECT_EQ(m.type, ManifestType::kOciImage);
  EXPECT_EQ(all(m), Texts{kA});
  EXPECT_EQ(marked_2_8(m), Texts{});
}

TEST(Manifest, WhatIsNoObjectIsNotUnderstood) {
  for (const std::string_view text : {"", "[]", "null", "7", "\"{}\"", "\x1f\x8b", "{\"a\":"}) {
    EXPECT_FALSE(parse(text).understood) << text;
    EXPECT_NE(parse(text).problem, "") << text;
  }
  EXPECT_EQ(parse("").type, ManifestType::kUnreadable);
  EXPECT_EQ(parse("[]").type, ManifestType::kUnknown);
}

// Schema 1
// -----------------------------------------------------------------------------------------

TEST(Manifest, Schema1IsMarkedBy2_8AndStops3) {
  const Manifest m = parse(R"({"schemaVersion":1,"name":"a","fsLayers":[{"blobSum":")" + kA +
                           R"("},{"blobSum":")" + kA + R"("}]})");
  EXPECT_EQ(m.type, ManifestType::kSchema1);
  EXPECT_TRUE(m.understood);
  EXPECT_EQ(m.error_2_8, "");
  EXPECT_EQ(m.error_3, "unrecognized manifest schema version 1");
  EXPECT_EQ(marked_2_8(m), (Texts{kA, kA}));
  EXPECT_EQ(marked_3(m), Texts{});
  EXPECT_EQ(m.references.size(), 2u);
  EXPECT_EQ(m.references[0].role, Role::kFsLayer);
}

TEST(Manifest, Schema1BehindWhiteSpaceIsCutInTheWrongPlaceBy2_8) {
  const std::string body = R"({"schemaVersion":1,"fsLayers":[{"blobSum":")" + kA + R"("}]})";
  EXPECT_EQ(parse("\n" + body).error_2_8,
            "invalid character '}' looking for beginning of object key string");
  EXPECT_EQ(parse("  " + body).error_2_8, "unexpected end of JSON input");
  EXPECT_EQ(all(parse("\n" + body)), Texts{kA});
}

TEST(Manifest, Schema1WithANumberBeyondFloat64Stops2_8) {
  EXPECT_EQ(parse(R"({"schemaVersion":1,"x":[1e400]})").error_2_8,
            "json: cannot unmarshal number 1e400 into Go value of type float64");
  EXPECT_EQ(parse(R"({"schemaVersion":1,"x":[1e-400,1e308,0e999]})").error_2_8, "");
}

// Against another reader, and against itself
// -------------------------------------------------------

/// Makes ordinary documents, with all that is legal in them and nothing in which Go differs.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  nlohmann::json document() {
    nlohmann::json doc = {{"schemaVersion", 2}};
    const bool index = one_in(2);
    const std::string_view types[] = {kDockerImage, kOciImage, kDockerList, kOciIndex};
    if (!one_in(4)) doc["mediaType"] = types[(index ? 2 : 0) + below(2)];
    if (index) {
      doc["manifests"] = descriptors();
    } else {
      doc["config"] = descriptor();
      doc["layers"] = descriptors();
    }
    if (one_in(4)) doc["subject"] = descriptor();
    if (one_in(4)) doc["annotations"] = annotations();
    if (one_in(4)) doc["artifactType"] = "application/x";
    if (one_in(4)) doc["unknown"] = {{"layers", {1, nullptr, true}}, {"f", 1.5}};
    return doc;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  std::string digest() {
    std::string out = one_in(8) ? "sha512:" : "sha256:";
    const std::size_t size = out == "sha512:" ? 128 : 64;
    for (std::size_t i = 0; i < size; ++i) out += "0123456789abcdef"[below(16)];
    return out;
  }

  nlohmann::json annotations() {
    nlohmann::json out = nlohmann::json::object();
    for (std::uint64_t i = below(4); i > 0; --i) out["key" + std::to_string(i)] = "tab\t\"é\"\n";
    return out;
  }

  nlohmann::json descriptor() {
    nlohmann::json out = {{"digest", digest()}};
    if (!one_in(4)) out["size"] = below(1'000'000'000);
    if (!one_in(4)) out["mediaType"] = one_in(4) ? std::string(kOciImage) : "application/x";
    if (one_in(8)) out["urls"] = nlohmann::json(std::vector<std::string>(below(3), "http://x"));
    if (one_in(8)) out["annotations"] = annotations();
    if (one_in(8)) out["platform"] = {{"architecture", "arm"}, {"os", "linux"}, {"variant", "v7"}};
    if (one_in(8)) out["data"] = "e30=";
    return out;
  }

  nlohmann::json descriptors() {
    nlohmann::json out = nlohmann::json::array();
    for (std::uint64_t i = below(6); i > 0; --i) out.push_back(descriptor());
    return out;
  }

  std::mt19937_64 random_;
};

/// One line a reference, by nothing but nlohmann's reader.
Texts extract(const nlohmann::json& doc) {
  Texts out;
  const auto add = [&out](const nlohmann::json& d, Role role) {
    const bool marked = role != Role::kSubject;
    const bool manifest =
        role == Role::kManifest || role == Role::kSubject || d.value("mediaType", "") == kOciImage;
    out.push_back(d.at("digest").get<std::string>() + " " + std::to_string(static_cast<int>(role)) +
                  " " + std::to_string(d.value("size", std::int64_t{-1})) +
                  (d.contains("urls") && !d["urls"].empty() ? " foreign" : "") +
                  (manifest ? " manifest" : "") + (marked ? " marked" : ""));
  };
  if (doc.contains("config")) add(doc["config"], Role::kConfig);
  for (const auto& d : doc.value("layers", nlohmann::json::array())) add(d, Role::kLayer);
  for (const auto& d : doc.value("manifests", nlohmann::json::array())) add(d, Role::kManifest);
  if (doc.contains("subject")) add(doc["subject"], Role::kSubject);
  return out;
}

Texts lines(const Manifest& manifest) {
  Texts out;
  for (const Reference& r : manifest.references) {
    EXPECT_EQ(r.marked_by_2_8, r.marked_by_3);
    out.push_back(text_of(r) + " " + std::to_string(static_cast<int>(r.role)) + " " +
                  std::to_string(r.size_bytes) + (r.foreign ? " foreign" : "") +
                  (r.is_manifest ? " manifest" : "") + (r.marked_by_3 ? " marked" : ""));
  }
  return out;
}

TEST(Manifest, OrdinaryDocumentsReadAsAnotherReaderReadsThem) {
  Generator generator(20240607);
  for (int i = 0; i < 3000; ++i) {
    const nlohmann::json doc = generator.document();
    const Manifest m = parse(doc.dump(i % 2 == 0 ? -1 : 2));
    ASSERT_EQ(lines(m), extract(doc)) << doc;
    ASSERT_TRUE(m.understood) << doc;
    ASSERT_EQ(m.problem + m.error_2_8 + m.error_3, "") << doc;
    ASSERT_EQ(m.media_type, doc.value("mediaType", "")) << doc;
    ASSERT_EQ(m.artifact_type, doc.value("artifactType", "")) << doc;
  }
}

// A key with a letter beyond ASCII sends the document past the hot path and means nothing.
TEST(Manifest, TheCarefulReaderAgreesWithTheHotPath) {
  Generator generator(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string plain = generator.document().dump();
    const Manifest hot = parse(plain);
    const Manifest careful = parse("{\"é\":0," + plain.substr(1));
    ASSERT_EQ(lines(hot), lines(careful)) << plain;
    ASSERT_EQ(hot.type, careful.type) << plain;
    ASSERT_EQ(hot.media_type, careful.media_type) << plain;
    ASSERT_EQ(hot.artifact_type, careful.artifact_type) << plain;
    ASSERT_EQ(careful.problem + careful.error_2_8 + careful.error_3, "") << plain;
  }
}

TEST(Manifest, ADamagedDocumentIsUnderstoodOnlyIfAllItsDigestsAre) {
  Generator generator(11);
  std::mt19937_64 random(13);
  for (int i = 0; i < 3000; ++i) {
    std::string text = generator.document().dump();
    for (std::uint64_t n = random() % 3 + 1; n > 0; --n) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    if (i % 3 == 0) text.resize(random() % text.size());
    const Manifest m = parse(text);
    if (m.understood) {
      for (const Reference& r : m.references) {
        ASSERT_TRUE(r.valid || r.invalid_text.empty()) << text;
      }
    }
    EXPECT_TRUE(m.understood || !m.problem.empty()) << text;
  }
}

}  // namespace
}  // namespace regsweep::analyzer
