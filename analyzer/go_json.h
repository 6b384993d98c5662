#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// JSON exactly as Go's encoding/json takes it: what it accepts, what it makes of strings, and the
/// words in which it refuses. The registry reads its manifests so, and prints these words.
/// Source: Go 1.19 encoding/json scanner.go, decode.go (unquoteBytes) and fold.go.
namespace regsweep::analyzer::go_json {

enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

/// Number of a node within its document.
using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = UINT32_MAX;

/// One value of a document. Nodes stand in document order; what an array or object holds follows
/// it, in an object as key, value, key, value. 16 bytes a node, a node needs 2 bytes of text.
struct Node {
  std::uint32_t begin = 0;  ///< offset of its text
  std::uint32_t end = 0;    ///< offset behind its text
  NodeId next = 0;          ///< the first node that is not part of this one
  Kind kind = Kind::kNull;
  bool plain = true;  ///< of a string: its text is its value
};

/// A scanned document. It refers to the text it was given and keeps its buffers between calls.
class Document {
 public:
  /// Scans `text`; returns false, with Go's words in error(), if Go would. Takes no stack for
  /// nesting, and memory in proportion to the text, up to about 100 MB.
  bool parse(std::string_view text);

  const std::string& error() const noexcept { return error_; }

  /// There is a whole value in front, though other data may follow it.
  bool has_root() const noexcept { return has_root_; }

  static constexpr NodeId root() noexcept { return 0; }
  const Node& operator[](NodeId id) const noexcept { return nodes_[id]; }
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  Kind kind(NodeId id) const noexcept { return nodes_[id].kind; }

  /// The node as the document spells it.
  std::string_view raw(NodeId id) const noexcept {
    return text_.substr(nodes_[id].begin, nodes_[id].end - nodes_[id].begin);
  }

  /// Value of a string: escapes resolved, bytes that are no UTF-8 and surrogates without a partner
  /// replaced by U+FFFD.
  std::string string(NodeId id) const;

  /// Calls `f(element)` for each element of an array, until one returns false; true if none did.
  template <typename F>
  bool each_element(NodeId array, F f) const {
    for (NodeId i = array + 1; i < nodes_[array].next; i = nodes_[i].next) {
      if (!f(i)) return false;
    }
    return true;
  }

  /// Calls `f(key, value)` for each member of an object, until one returns false.
  template <typename F>
  bool each_member(NodeId object, F f) const {
    for (NodeId i = object + 1; i < nodes_[object].next; i = nodes_[i + 1].next) {
      if (!f(i, i + 1)) return false;
    }
    return true;
  }

 private:
  enum class Expect : std::uint8_t {
    kValue,
    kValueOrClose,
    kKey,
    kKeyOrClose,
    kColon,
    kCommaOrClose,
    kEnd,
  };

  bool fail(std::string_view message);
  bool fail_at(char c, std::string_view context);
  bool fail_at_pos(std::string_view context);
  void add(Kind kind, std::size_t begin, bool plain = true);
  bool open(Kind kind, Expect next);
  void close();
  bool scan_value();
  bool scan_string();
  bool scan_number();
  bool scan_literal(std::string_view word, Kind kind);
  void after_value();

  std::string_view text_;
  std::size_t pos_ = 0;
  Expect expect_ = Expect::kValue;
  bool has_root_ = false;
  std::string error_;
  std::vector<Node> nodes_;
  std::vector<NodeId> open_;
};

/// Value of a scanned string in its quotes, as Document::string() gives it.
std::string unquote(std::string_view quoted);

/// A byte in quotes as Go's errors have it: taken for a Latin-1 character.
std::string quote_char(char c);

/// The field name and the key are the same to Go: ASCII letters fold, and U+017F is an s, U+212A a
/// k. `name` is ASCII.
bool fold_equal(std::string_view name, std::string_view key) noexcept;

/// "illegal base64 data at input byte N", or empty if Go's base64.StdEncoding decodes it.
std::string base64_error(std::string_view text);

/// Go's strconv.ParseFloat refuses this JSON number for being too large for a float64.
bool overflows_float64(std::string_view number) noexcept;

}  // namespace regsweep::analyzer::go_json
