#include "cli/policy_file.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <set>
#include <stdexcept>

#include "reports/humanize.h"

namespace regsweep::cli {
namespace {

using analyzer::NamePattern;
using analyzer::NewestBy;
using analyzer::RetentionPolicy;

/// What is wrong, with the line where. The text may hold anything: say() makes it safe.
[[noreturn]] void complain(const YAML::Node& node, const std::string& what) {
  throw std::invalid_argument(fmt::format("line {}: {}", node.Mark().line + 1, what));
}

std::string text_of(const YAML::Node& node) {
  if (!node.IsScalar()) complain(node, "want a single value");
  return node.Scalar();
}

bool flag_of(const YAML::Node& node) {
  const std::string text = text_of(node);
  if (text != "true" && text != "false") complain(node, "want true or false, not " + text);
  return text == "true";
}

NamePattern pattern_of(const YAML::Node& node) {
  std::string why;
  auto pattern = NamePattern::parse(text_of(node), why);
  if (!pattern) complain(node, node.Scalar() + ": " + why);
  return std::move(*pattern);
}

/// One pattern or a list of them.
std::vector<NamePattern> patterns_of(const YAML::Node& node) {
  std::vector<NamePattern> patterns;
  if (node.IsSequence() && node.size() == 0) complain(node, "want at least one pattern");
  if (!node.IsSequence()) return {pattern_of(node)};
  for (const YAML::Node& one : node) patterns.push_back(pattern_of(one));
  return patterns;
}

std::uint32_t count_of(const YAML::Node& node) {
  const std::string text = text_of(node);
  if (text.empty() || text.size() > 9 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    complain(node, "want a number of tags, not " + text);
  }
  return static_cast<std::uint32_t>(std::stoul(text));
}

std::int64_t age_of(const YAML::Node& node) {
  const auto age = reports::parse_age(text_of(node));
  if (!age) complain(node, "want an age such as 24h or 30d, not " + text_of(node));
  return *age;
}

NewestBy newest_of(const YAML::Node& node) {
  const std::string text = text_of(node);
  if (text == "push") return NewestBy::kPush;
  if (text == "created") return NewestBy::kCreated;
  complain(node, "want push or created, not " + text);
}

RetentionPolicy policy_of(const YAML::Node& node, std::size_t number) {
  if (!node.IsMap()) complain(node, "want a policy: keys and values");
  RetentionPolicy policy;
  policy.name = fmt::format("policy {}", number);
  bool protects = true;
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = text_of(entry.first);
    const YAML::Node& value = entry.second;
    if (!seen.insert(key).second) complain(entry.first, key + " is there twice");
    if (key == "name") {
      policy.name = text_of(value);
    } else if (key == "repositories") {
      policy.repositories = patterns_of(value);
    } else if (key == "drop") {
      policy.drop = patterns_of(value);
    } else if (key == "keep") {
      policy.keep = patterns_of(value);
    } else if (key == "keep-last") {
      policy.keep_last = count_of(value);
    } else if (key == "keep-newer") {
      policy.keep_newer_seconds = age_of(value);
    } else if (key == "newest-by") {
      policy.newest_by = newest_of(value);
    } else if (key == "may-empty") {
      policy.may_empty = flag_of(value);
    } else if (key == "protect-latest") {
      protects = flag_of(value);
    } else {
      complain(entry.first,
               key +
                   " is no key of a policy: want name, "
                   "repositories, drop, keep, keep-last, keep-newer, newest-by, may-empty or "
                   "protect-latest");
    }
  }
  if (!policy.tells_apart()) {
    complain(node, policy.name + " would drop everything: give it drop, keep-last or keep-newer");
  }
  std::string ignored;
  if (protects) policy.keep.push_back(*NamePattern::parse(kProtected, ignored));
  return policy;
}

std::vector<RetentionPolicy> policies_of(const YAML::Node& root) {
  if (!root.IsMap() || !root["policies"]) {
    throw std::invalid_argument("want a key policies with a list");
  }
  std::size_t lists = 0;
  for (const auto& entry : root) {
    if (text_of(entry.first) != "policies") {
      complain(entry.first, text_of(entry.first) + ": want only policies here");
    }
    if (++lists > 1) complain(entry.first, "policies is there twice");
  }
  const YAML::Node list = root["policies"];
  if (!list.IsSequence() || list.size() == 0) complain(list, "want a list of at least one policy");
  std::vector<RetentionPolicy> policies;
  for (const YAML::Node& node : list) policies.push_back(policy_of(node, policies.size() + 1));
  return policies;
}

/// Counts documents and takes no note of what is in them.
class Documents final : public YAML::EventHandler {
 public:
  int met = 0;

 private:
  using Style = YAML::EmitterStyle::value;
  void OnDocumentStart(const YAML::Mark&) override { ++met; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, Style) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, Style) override {}
  void OnMapEnd() override {}
};

/// yaml-cpp's own LoadAllFromFile makes documents without end of some texts: two are enough.
bool has_several_documents(const std::string& path) {
  std::ifstream in(path);
  YAML::Parser parser(in);
  Documents documents;
  while (documents.met < 2 && parser.HandleNextDocument(documents)) {
  }
  return documents.met > 1;
}

}  // namespace

storage::Result<std::vector<RetentionPolicy>> read_policy_file(const std::string& path) {
  const auto wrong = [&](const std::string& what) {
    return storage::Error{storage::Errc::kUsage, path, path + ": " + what, 0};
  };
  try {
    const YAML::Node document = YAML::LoadFile(path);
    if (has_several_documents(path)) return wrong("has several documents: want one");
    return policies_of(document);
  } catch (const YAML::BadFile&) {
    return wrong("cannot read this policy file");
  } catch (const std::exception& error) {
    return wrong(error.what());
  }
}

}  // namespace regsweep::cli
