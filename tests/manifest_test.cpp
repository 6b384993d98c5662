#include "analyzer/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace regsweep::analyzer {
namespace {

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');
const std::string kC = "sha256:" + std::string(64, 'c');
const std::string kD = "sha256:" + std::string(64, 'd');
const std::string kLong = "sha512:" + std::string(128, 'e');

constexpr std::string_view kDockerImage = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view kOciImage = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";

/// Parses with a parser that others have used before, as in a scan.
Manifest parse(std::string_view text) {
  static ManifestParser parser;
  std::string padded(text);
  padded.append(ManifestParser::padding_bytes(), '\xff');
  return parser.parse(std::string_view(padded).substr(0, text.size()));
}

std::string text_of(const Reference& reference) {
  return reference.valid ? reference.digest.text() : reference.invalid_text;
}

std::vector<std::string> marked_2_8(const Manifest& manifest) {
  std::vector<std::string> out;
  for (const Reference& r : manifest.references) {
    if (r.marked_by_2_8) out.push_back(text_of(r));
  }
  return out;
}

std::vector<std::string> marked_3(const Manifest& manifest) {
  std::vector<std::string> out;
  for (const Reference& r : manifest.references) {
    if (r.marked_by_3) out.push_back(text_of(r));
  }
  return out;
}

std::vector<std::string> all(const Manifest& manifest) {
  std::vector<std::string> out;
  for (const Reference& r : manifest.references) out.push_back(text_of(r));
  return out;
}

using Texts = std::vector<std::string>;

std::string descriptor(const std::string& digest) {
  return R"({"size":7,"digest":")" + digest + R"("})";
}

/// A version 2 document of this media type with these further members.
std::string version_2(std::string_view media_type, const std::string& members) {
  return R"({"schemaVersion":2,"mediaType":")" + std::string(media_type) + "\"," + members + "}";
}

void expect_both_refuse(std::string_view text, const std::string& error) {
  const Manifest m = parse(text);
  EXPECT_EQ(m.error_2_8, error) << text;
  EXPECT_EQ(m.error_3, error) << text;
  EXPECT_EQ(marked_2_8(m), Texts{}) << text;
  EXPECT_EQ(marked_3(m), Texts{}) << text;
}

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

// Go's decoder
// -------------------------------------------------------------------------------------

TEST(Manifest, KeysMatchInAnyCaseAndWithGosTwoOddLetters) {
  const Manifest m = parse(R"({"SCHEMAVERſION":2,"MediaType":")" + std::string(kOciImage) +
                           R"(","CONFIG":{"DIGEST":")" + kA + R"("},"layerſ":[{"Digest":")" + kB +
                           R"("}],"\u0073ubject":null})");
  EXPECT_EQ(m.error_2_8, "");
  EXPECT_EQ(m.media_type, kOciImage);
  EXPECT_EQ(marked_2_8(m), (Texts{kA, kB}));
  EXPECT_EQ(marked_3(m), (Texts{kA, kB}));
  EXPECT_EQ(m.problem, "config spelled in other letters");
}

TEST(Manifest, TheLastDuplicateWinsAndObjectsMergeFieldByField) {
  const Manifest m =
      parse(version_2(kDockerImage, R"("config":)" + descriptor(kA) +
                                        R"(,"config":{"size":1},"config":null,"layers":[])"));
  EXPECT_EQ(marked_2_8(m), Texts{kA});
  EXPECT_EQ(parse(R"({"schemaVersion":7,"schemaVersion":null,"schemaVersion":0})").error_3,
            "unrecognized manifest schema version 0");
}

TEST(Manifest, ASecondListIsDecodedOverTheFirst) {
  const auto layers = [](const std::string& rest) {
    return marked_2_8(
        parse(version_2(kOciImage, R"("config":)" + descriptor(kD) + R"(,"layers":[)" +
                                       descriptor(kA) + "," + descriptor(kB) + "]" + rest)));
  };
  EXPECT_EQ(layers(R"(,"layers":[{}])"), (Texts{kD, kA}));
  EXPECT_EQ(layers(R"(,"layers":[)" + descriptor(kC) + R"(],"layers":[{},{}])"),
            (Texts{kD, kC, kB}));
  EXPECT_EQ(layers(R"(,"layers":null,"layers":[{}])"), (Texts{kD, ""}));
  EXPECT_EQ(layers(R"(,"layers":[],"layers":[{}])"), (Texts{kD, ""}));
}

TEST(Manifest, WrongTypesAreRefusedInGosWords) {
  struct Case {
    std::string members;
    std::string error_2_8;
    std::string error_3;
  };
  const std::vector<Case> cases = {
      {R"("config":"x")",
       "json: cannot unmarshal string into Go struct field Manifest.config of type "
       "distribution.Descriptor",
       "json: cannot unmarshal string into Go struct field Manifest.config of type v1.Descriptor"},
      {R"("layers":{})",
       "json: cannot unmarshal object into Go struct field Manifest.layers of type "
       "[]distribution.Descriptor",
       "json: cannot unmarshal object into Go struct field Manifest.layers of type "
       "[]v1.Descriptor"},
      {R"("layers":[{"size":"1"}])",
       "json: cannot unmarshal string into Go struct field Descriptor.layers.size of type int64",
       "json: cannot unmarshal string into Go struct field Descriptor.layers.size of type int64"},
      {R"("layers":[{"size":1.5}])",
       "json: cannot unmarshal number 1.5 into Go struct field Descriptor.layers.size of type "
       "int64",
       "json: cannot unmarshal number 1.5 into Go struct field Descriptor.layers.size of type "
       "int64"},
      {R"("config":{"data":"!"})", "", "illegal base64 data at input byte 0"},
      {R"("config":{"artifactType":1})", "",
       "json: cannot unmarshal number into Go struct field Descriptor.config.artifactType of type "
       "string"},
      {R"("annotations":{"a":true})",
       "json: cannot unmarshal bool into Go struct field Manifest.annotations of type string",
       "json: cannot unmarshal bool into Go struct field Manifest.annotations of type string"},
      {R"("subject":1,"manifests":false)", "", ""},
  };
  for (const Case& c : cases) {
    const Manifest m = parse(version_2(kOciImage, c.members));
    EXPECT_EQ(m.error_2_8, c.error_2_8) << c.members;
    EXPECT_EQ(m.error_3, c.error_3) << c.members;
  }
}

TEST(Manifest, TheFirstWrongTypeOfTheDocumentIsTheOneReported) {
  const Manifest m = parse(version_2(kOciImage, R"("layers":1,"config":2)"));
  EXPECT_TRUE(
      m.error_2_8.starts_with("json: cannot unmarshal number into Go struct field "
                              "Manifest.layers"));
}

TEST(Manifest, EmbeddedStructsAreNamedBy3Only) {
  const Manifest list = parse(version_2(kDockerList, R"("manifests":[{"digest":1}])"));
  EXPECT_EQ(list.error_2_8,
            "json: cannot unmarshal number into Go struct field "
            "ManifestDescriptor.manifests.digest of type digest.Digest");
  EXPECT_EQ(list.error_3,
            "json: cannot unmarshal number into Go struct field "
            "ManifestDescriptor.manifests.Descriptor.digest of type digest.Digest");
  for (const std::string number : {"2.0", "1e3", "9223372036854775808"}) {
    const Manifest m = parse(R"({"schemaVersion":)" + number + "}");
    EXPECT_EQ(m.error_2_8, "json: cannot unmarshal number " + number +
                               " into Go struct field Versioned.schemaVersion of type int");
    EXPECT_EQ(m.error_3, "json: cannot unmarshal number " + number +
                             " into Go struct field .Versioned.schemaVersion of type int");
  }
}

TEST(Manifest, WithoutMediaTypeAndWithABadIndexBothPanic) {
  const Manifest m = parse(R"({"schemaVersion":2,"manifests":"x"})");
  EXPECT_EQ(m.error_2_8,
            "panic: interface conversion: distribution.Manifest is nil, not "
            "*manifestlist.DeserializedManifestList");
  EXPECT_EQ(m.error_3,
            "panic: interface conversion: distribution.Manifest is nil, not "
            "*ocischema.DeserializedImageIndex");
  EXPECT_FALSE(m.understood);
}

TEST(Manifest, OtherValuesThanObjectsAreRefused) {
  EXPECT_EQ(parse("[]").error_2_8,
            "json: cannot unmarshal array into Go value of type manifest.Versioned");
  EXPECT_EQ(
      parse("[]").error_3,
      "json: cannot unmarshal array into Go value of type struct { specs.Versioned; MediaType "
      "string \"json:\\\"mediaType,omitempty\\\"\" }");
  expect_both_refuse("null", "unrecognized manifest schema version 0");
}

TEST(Manifest, SyntaxErrorsAreInGosWords) {
  const std::vector<std::pair<std::string_view, std::string>> cases = {
      {"", "unexpected end of JSON input"},
      {" \n", "unexpected end of JSON input"},
      {"\x1f\x8b\x08", "invalid character '\\x1f' looking for beginning of value"},
      {"\xEF\xBB\xBF{}", "invalid character 'ï' looking for beginning of value"},
      {"\xA0", "invalid character '\\u00a0' looking for beginning of value"},
      {"'", "invalid character '\\'' looking for beginning of value"},
      {"{}\"", "invalid character '\"' after top-level value"},
      {"{}{}", "invalid character '{' after top-level value"},
      {"{\"a\" 1}", "invalid character '1' after object key"},
      {"{\"a\":1 x", "invalid character 'x' after object key:value pair"},
      {"{\"a\":01}", "invalid character '1' after object key:value pair"},
      {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
      {"{1", "invalid character '1' looking for beginning of object key string"},
      {"[1 2]", "invalid character '2' after array element"},
      {"[1,]", "invalid character ']' looking for beginning of value"},
      {"[\"a\nb\"]", "invalid character '\\n' in string literal"},
      {R"(["\x"])", "invalid character 'x' in string escape code"},
      {R"(["\u00g0"])", "invalid character 'g' in \\u hexadecimal character escape"},
      {R"(["\)", "invalid character ' ' in string escape code"},
      {"[\"a", "unexpected end of JSON input"},
      {"[tru]", "invalid character ']' in literal true (expecting 'e')"},
      {"[fa", "invalid character ' ' in literal false (expecting 'l')"},
      {"[nuLl]", "invalid character 'L' in literal null (expecting 'l')"},
      {"[-]", "invalid character ']' in numeric literal"},
      {"[1.]", "invalid character ']' after decimal point in numeric literal"},
      {"[1e+]", "invalid character ']' in exponent of numeric literal"},
      {"{\"a\":{\"b\":[", "unexpected end of JSON input"},
  };
  for (const auto& [text, error] : cases) expect_both_refuse(text, error);
}

TEST(Manifest, DeepNestingIsRefusedAtOnceAndTakesNoStack) {
  const std::string deep = R"({"schemaVersion":2,"a":)" + std::string(100'000, '[');
  const auto begin = std::chrono::steady_clock::now();
  expect_both_refuse(deep, "invalid character '[' exceeded max depth");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_FALSE(parse(deep).understood);
}

TEST(Manifest, NestingThatGoTakesIsTaken) {
  const std::string deep = std::string(9'999, '[') + std::string(9'999, ']');
  const Manifest m = parse(version_2(
      kOciImage, R"("x":)" + deep + R"(,"config":)" + descriptor(kA) + R"(,"layers":[])"));
  EXPECT_EQ(m.error_2_8, "");
  EXPECT_EQ(marked_3(m), Texts{kA});
  const std::string deepest = "[" + deep + "]";
  EXPECT_EQ(parse(deepest).error_2_8, parse("[]").error_2_8);
  expect_both_refuse("[" + deepest + "]", "invalid character '[' exceeded max depth");
}

TEST(Manifest, BadUtf8AndLoneSurrogatesBecomeTheReplacementCharacter) {
  const std::string r = "\xEF\xBF\xBD";
  const auto marked = [](const std::string& digest) {
    return marked_2_8(parse(version_2(kOciImage, R"("config":{"digest":")" + digest + R"("})")));
  };
  EXPECT_EQ(marked("a\xff\xc3z"), Texts{"a" + r + r + "z"});
  EXPECT_EQ(marked("\xed\xa0\x80"), Texts{r + r + r});
  EXPECT_EQ(marked(R"(\ud800x)"), Texts{r + "x"});
  EXPECT_EQ(marked(R"(\ud800\u0041)"), Texts{r + "A"});
  EXPECT_EQ(marked(R"(\udc00\ud83d\ude00)"), Texts{r + "\xF0\x9F\x98\x80"});
}

TEST(Manifest, OddNumbersOfNoMeaningAreTaken) {
  const Manifest m = parse(
      version_2(kOciImage, R"("a":1e400,"b":123456789012345678901234567890,"c":-0,"config":)" +
                               descriptor(kA) + R"(,"layers":[])"));
  EXPECT_EQ(m.error_2_8, "");
  EXPECT_EQ(m.error_3, "");
  EXPECT_EQ(marked_2_8(m), Texts{kA});
}

TEST(Manifest, MoreThanTheRegistryReadsIsRefusedButUnderstood) {
  const std::string text =
      version_2(kOciImage, R"("config":)" + descriptor(kA) + R"(,"layers":[])");
  const std::string blanks((4 << 20) - text.size(), ' ');
  EXPECT_EQ(parse(text + blanks).error_2_8, "");
  const Manifest m = parse(text + blanks + " ");
  EXPECT_EQ(m.error_2_8, "storage: read exceeds limit");
  EXPECT_EQ(m.error_3, "storage: read exceeds limit");
  EXPECT_TRUE(m.understood);
  EXPECT_EQ(all(m), Texts{kA});
}

TEST(Manifest, LongTypesAreCutAtACharacter) {
  std::string type;
  for (int i = 0; i < 200; ++i) type += "é";
  const Manifest m = parse(R"({"mediaType":"a)" + type + R"(","artifactType":")" + type + "\"}");
  EXPECT_EQ(m.media_type.size(), 255u);
  EXPECT_EQ(m.artifact_type.size(), 256u);
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
