// Why no blob may be swept.
#include "analyzer/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A store with an image, and a symbolic link at `path` in it.
Audit audit_with_link(const std::string& path) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40)});
  store.symlink(path, "elsewhere");
  return tests::audit_of(store);
}

TEST(Refusal, WhatALinkAmongRepositoriesHidesIsUnknown) {
  for (const char* path : {"repositories/b", "repositories/a/b"}) {
    EXPECT_THAT(audit_with_link(path).refusals, ElementsAre(HasSubstr(path))) << path;
  }
}

TEST(Refusal, ALinkInPlaceOfALinkIsSeenWithoutVisitingEveryInode) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40), tests::layer("other", 50)});
  const std::string directory =
      std::filesystem::path(store.layer_path("app")).parent_path().string();
  const std::string file = store.layer_path("other");
  store.remove(directory).symlink(directory, "elsewhere");
  store.remove(file).symlink(file, "elsewhere");
  EXPECT_THAT(tests::audit_of(store, {.exact = false}).refusals,
              ::testing::UnorderedElementsAre(HasSubstr(directory), HasSubstr(file)));
}

TEST(Refusal, ATagsLinkThatLeadsElsewhereMayMeanAnything) {
  for (const char* below : {"current", "current/link"}) {
    tests::StoreBuilder store;
    store.repo("a").image("1.0", {tests::layer("app", 40)});
    const std::string path = std::string("repositories/a/_manifests/tags/1.0/") + below;
    store.remove(path).symlink(path, "elsewhere");
    EXPECT_THAT(tests::audit_of(store, {.exact = false}).refusals, ElementsAre(HasSubstr(path)));
  }
}

/// What of a store forbids a sweep although `ignored` is named.
std::vector<std::string> refusals_of(const Survey& survey,
                                     const std::vector<std::string>& ignored) {
  return find_refusals(survey, false, ignored);
}

TEST(Refusal, ABlobThatMayBeThereIsNoneThatIsIgnoredWithAnotherThing) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40)}, "image");
  const std::string prefix =
      std::filesystem::path(store.blob_path("image")).parent_path().parent_path().string();
  std::filesystem::rename(store.v2() + '/' + prefix, store.beside("moved"));
  store.symlink(prefix, store.beside("moved"));
  Survey survey = tests::survey_of(store);
  const std::string unknown = "whether blob " + store.digest_of("image");
  EXPECT_THAT(refusals_of(survey, {}), ::testing::Contains(HasSubstr(unknown)));
  survey.events.push_back({storage::EventKind::kUnreadable, "repositories/b", {}, "denied"});
  const std::string b = "repositories/b";
  EXPECT_THAT(refusals_of(survey, {b}), ::testing::Contains(HasSubstr(unknown)));
  EXPECT_THAT(refusals_of(survey, {b, store.digest_of("image")}), IsEmpty());
  EXPECT_THAT(refusals_of(survey, {b, prefix}), IsEmpty());
}

TEST(Refusal, ARepositoryIsIgnoredWithoutThoseBelowItsName) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40)});
  Survey survey = tests::survey_of(store);
  const auto unread = [&](const std::string& path) {
    survey.events.assign(1, {storage::EventKind::kUnreadable, path, {}, "denied"});
  };
  for (const char* own : {"repositories/a/_manifests", "repositories/a/_manifests/tags/1.0",
                          "repositories/a/_layers/sha256", "repositories/a/_uploads"}) {
    unread(own);
    EXPECT_THAT(refusals_of(survey, {"a"}), IsEmpty()) << own;
  }
  // Behind a directory that cannot be listed are those below its name as well.
  for (const std::string other :
       {"repositories/a", "repositories/a/b", "repositories/a/b/_manifests",
        "repositories/a/_manifests2", "repositories/ab"}) {
    unread(other);
    EXPECT_THAT(refusals_of(survey, {"a"}), ElementsAre(HasSubstr(other)));
    EXPECT_THAT(refusals_of(survey, {other}), IsEmpty()) << "a path takes what is below it";
    EXPECT_THAT(refusals_of(survey, {"repositories/a", "repositories/ab"}), IsEmpty()) << other;
  }
}

TEST(Refusal, ANameByAnotherAlgorithmMayMeanAnyBlob) {
  tests::StoreBuilder store;
  const tests::Layer twice = tests::layer("named twice", 40);
  store.repo("a").image("1.0", {tests::layer("app", 40)}).alias_sha512(twice);
  EXPECT_THAT(refusals_of(tests::survey_of(store), {}), IsEmpty());
  std::string link;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           store.v2() + "/repositories/a/_layers/sha512")) {
    if (entry.path().filename() == "link") link = entry.path().string();
  }
  ASSERT_FALSE(link.empty());
  std::filesystem::resize_file(link, 0);
  const Survey survey = tests::survey_of(store);
  EXPECT_THAT(refusals_of(survey, {}), ElementsAre(HasSubstr("another name of any blob")));
  EXPECT_THAT(refusals_of(survey, {"a"}), IsEmpty());
}

TEST(Refusal, AFileLinkAmongTheRevisionsThatHoldsNoDigestMayHaveNamedAny) {
  const std::string path = "repositories/a/_manifests/revisions/sha256/odd/link";
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {tests::layer("app", 40)}).garbled_link(path);
  const Survey survey = tests::survey_of(store);
  EXPECT_THAT(refusals_of(survey, {}), ElementsAre(HasSubstr(path)));
  EXPECT_THAT(refusals_of(survey, {path}), IsEmpty());
}

TEST(Refusal, NoRegistryLooksBesideRepositories) {
  EXPECT_THAT(audit_with_link("repositories.bak").refusals, IsEmpty());
}

}  // namespace
}  // namespace regsweep::analyzer
