#include "analyzer/go_json.h"

namespace regsweep::analyzer::go_json {
namespace {

constexpr std::size_t kMaxDepth = 10000;

/// Twice as many values as fit into the largest manifest that a registry accepts, 16 bytes each.
constexpr std::size_t kMostNodes = std::size_t{4} << 20;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

bool Document::fail(std::string_view message) {
  error_ = message;
  return false;
}

bool Document::fail_at(char c, std::string_view context) {
  error_ = "invalid character " + quote_char(c) + " ";
  error_ += context;
  return false;
}

/// Go tells its scanner of the end of the input by a blank.
bool Document::fail_at_pos(std::string_view context) {
  return fail_at(pos_ < text_.size() ? text_[pos_] : ' ', context);
}

void Document::add(Kind kind, std::size_t begin, bool plain) {
  nodes_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(pos_),
                    static_cast<NodeId>(nodes_.size() + 1), kind, plain});
}

void Document::after_value() {
  expect_ = open_.empty() ? Expect::kEnd : Expect::kCommaOrClose;
  has_root_ = open_.empty();
}

bool Document::open(Kind kind, Expect next) {
  const std::size_t begin = pos_;
  open_.push_back(static_cast<NodeId>(nodes_.size()));
  if (open_.size() > kMaxDepth) return fail_at_pos("exceeded max depth");
  ++pos_;
  add(kind, begin);
  expect_ = next;
  return true;
}

void Document::close() {
  ++pos_;
  Node& node = nodes_[open_.back()];
  node.end = static_cast<std::uint32_t>(pos_);
  node.next = static_cast<NodeId>(nodes_.size());
  open_.pop_back();
  after_value();
}

bool Document::parse(std::string_view text) {
  text_ = text;
  pos_ = 0;
  expect_ = Expect::kValue;
  has_root_ = false;
  error_.clear();
  nodes_.clear();
  open_.clear();
  if (text.size() >= UINT32_MAX) return fail("document too large");
  for (;;) {
    while (pos_ < text_.size() && is_space(text_[pos_])) ++pos_;
    if (nodes_.size() > kMostNodes) return fail("more values than any manifest has");
    if (pos_ == text_.size()) {
      return expect_ == Expect::kEnd || fail("unexpected end of JSON input");
    }
    const char c = text_[pos_];
    switch (expect_) {
      case Expect::kEnd:
        return fail_at(c, "after top-level value");
      case Expect::kValueOrClose:
        if (c == ']') {
          close();
          break;
        }
        [[fallthrough]];
      case Expect::kValue:
        if (!scan_value()) return false;
        break;
      case Expect::kKeyOrClose:
        if (c == '}') {
          close();
          break;
        }
        [[fallthrough]];
      case Expect::kKey:
        if (c != '"') return fail_at(c, "looking for beginning of object key string");
        if (!scan_string()) return false;
        expect_ = Expect::kColon;
        break;
      case Expect::kColon:
        if (c != ':') return fail_at(c, "after object key");
        ++pos_;
        expect_ = Expect::kValue;
        break;
      case Expect::kCommaOrClose: {
        const bool object = nodes_[open_.back()].kind == Kind::kObject;
        if (c == (object ? '}' : ']')) {
          close();
        } else if (c == ',') {
          ++pos_;
          expect_ = object ? Expect::kKey : Expect::kValue;
        } else {
          return fail_at(c, object ? "after object key:value pair" : "after array element");
        }
        break;
      }
    }
  }
}

bool Document::scan_value() {
  switch (const char c = text_[pos_]; c) {
    case '{':
      return open(Kind::kObject, Expect::kKeyOrClose);
    case '[':
      return open(Kind::kArray, Expect::kValueOrClose);
    case '"':
      if (!scan_string()) return false;
      break;
    case 't':
      if (!scan_literal("true", Kind::kBool)) return false;
      break;
    case 'f':
      if (!scan_literal("false", Kind::kBool)) return false;
      break;
    case 'n':
      if (!scan_literal("null", Kind::kNull)) return false;
      break;
    default:
      if (c != '-' && !is_digit(c)) return fail_at(c, "looking for beginning of value");
      if (!scan_number()) return false;
  }
  after_value();
  return true;
}

bool Document::scan_string() {
  const std::size_t begin = pos_++;
  bool plain = true;
  for (; pos_ < text_.size(); ++pos_) {
    const char c = text_[pos_];
    if (c == '"') {
      ++pos_;
      add(Kind::kString, begin, plain);
      return true;
    }
    if (byte(c) < 0x20) return fail_at(c, "in string literal");
    if (byte(c) >= 0x80) plain = false;
    if (c != '\\') continue;
    plain = false;
    ++pos_;
    if (pos_ == text_.size() ||
        std::string_view("bfnrt\\/\"u").find(text_[pos_]) == std::string_view::npos) {
      return fail_at_pos("in string escape code");
    }
    if (text_[pos_] != 'u') continue;
    for (int i = 0; i < 4; ++i) {
      ++pos_;
      if (pos_ == text_.size() || !is_hex_digit(text_[pos_])) {
        return fail_at_pos("in \\u hexadecimal character escape");
      }
    }
  }
  return fail("unexpected end of JSON input");
}

bool Document::scan_number() {
  const auto at = [this](std::string_view set) {
    return pos_ < text_.size() && set.find(text_[pos_]) != std::string_view::npos;
  };
  const auto digits = [this, &at] {
    const std::size_t before = pos_;
    while (at("0123456789")) ++pos_;
    return pos_ != before;
  };
  const std::size_t begin = pos_;
  if (at("-")) ++pos_;
  if (at("0")) {
    ++pos_;
  } else if (!digits()) {
    return fail_at_pos("in numeric literal");
  }
  if (at(".")) {
    ++pos_;
    if (!digits()) return fail_at_pos("after decimal point in numeric literal");
  }
  if (at("eE")) {
    ++pos_;
    if (at("+-")) ++pos_;
    if (!digits()) return fail_at_pos("in exponent of numeric literal");
  }
  add(Kind::kNumber, begin);
  return true;
}

bool Document::scan_literal(std::string_view word, Kind kind) {
  const std::size_t begin = pos_;
  for (const char wanted : word) {
    if (pos_ == text_.size() || text_[pos_] != wanted) {
      std::string context = "in literal ";
      context += word;
      context += " (expecting '";
      context += wanted;
      return fail_at_pos(context + "')");
    }
    ++pos_;
  }
  add(kind, begin);
  return true;
}

std::string Document::string(NodeId id) const {
  const std::string_view s = raw(id);
  return nodes_[id].plain ? std::string(s.substr(1, s.size() - 2)) : unquote(s);
}

}  // namespace regsweep::analyzer::go_json
