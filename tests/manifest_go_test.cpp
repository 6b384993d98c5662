// Documents that Go's decoder reads in ways of its own.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/manifest_text.h"

namespace regsweep::analyzer {
namespace {

using namespace manifest_text;

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

}  // namespace
}  // namespace regsweep::analyzer
