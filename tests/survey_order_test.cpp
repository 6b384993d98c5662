#include "analyzer/survey_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/registry_walk.h"

namespace regsweep::analyzer {
namespace {

/// Repositories of these names, of which each second has no `_layers`, as threads meet them.
Survey survey_of(const std::vector<std::string>& names) {
  std::vector<std::unique_ptr<Repository>> met;
  for (const std::string& name : names) {
    auto repository = std::make_unique<Repository>();
    repository->name = name;
    repository->has_layers = met.size() % 2 == 0;
    repository->has_manifests = true;
    met.push_back(std::move(repository));
  }
  Survey survey;
  survey.graph.digests.seal();
  order_repositories(std::move(met), {}, Renumbering(0, {}), survey);
  return survey;
}

std::vector<std::string> walked(const Survey& survey, std::string_view marker) {
  std::vector<std::string> paths;
  each_walked_name(survey, marker, [&](const std::string& path, bool) { paths.push_back(path); });
  return paths;
}

TEST(SurveyOrder, RepositoriesAreWalkedInTheOrderOfTheirMarkers) {
  // Digits and capitals sort before '_', '-' and '.' before '/', letters behind.
  std::vector<std::string> names = {"a",   "a/1",  "a/1/b", "a/B", "a/b", "a/b/c",
                                    "a-b", "a.b",  "a_b",   "a0",  "A",   "b",
                                    "ab",  "ab/c", "a/-x",  "z/z", "0"};
  std::vector<std::string> expected;
  for (const std::string& name : names) expected.push_back(name + "/_manifests");
  std::sort(expected.begin(), expected.end(), walk_less);
  for (int i = 0; i < 20; ++i) {
    std::next_permutation(names.begin(), names.end(), std::greater<>());
    std::rotate(names.begin(), names.begin() + 5, names.end());
    const Survey survey = survey_of(names);
    EXPECT_EQ(walked(survey, "_manifests"), expected);
    EXPECT_TRUE(
        std::is_sorted(survey.repositories.begin(), survey.repositories.end(),
                       [](const Repository& a, const Repository& b) { return a.name < b.name; }));
  }
}

TEST(SurveyOrder, OtherNamesThatSteerAWalkStandAmongTheMarkersThatItLooksFor) {
  Survey survey = survey_of({"a", "b", "c"});
  survey.walk = {{"_a", false}, {"a/_m", false}, {"a/_n", false}, {"b/_manifests", false}};
  EXPECT_EQ(walked(survey, "_manifests"),
            (std::vector<std::string>{"_a", "a/_m", "a/_manifests", "a/_n", "b/_manifests",
                                      "b/_manifests", "c/_manifests"}));
  EXPECT_EQ(walked(survey, "_layers"), (std::vector<std::string>{"_a", "a/_layers", "a/_m", "a/_n",
                                                                 "b/_manifests", "c/_layers"}));
}

}  // namespace
}  // namespace regsweep::analyzer
