#include "analyzer/go_json_decode.h"

#include <charconv>
#include <system_error>

namespace regsweep::analyzer::go_json {
namespace {

class Decoder {
 public:
  Decoder(const Document& document, bool name_embedded)
      : document_(document), name_embedded_(name_embedded) {}

  // Recursion goes as deep as the type does, never as deep as the document.
  bool value(NodeId id, const GoType& type, GoValue& out);

  std::string take_error() { return std::move(error_); }

 private:
  bool object(NodeId id, const GoType& type, GoValue& out);
  bool array(NodeId id, const GoType& type, GoValue& out);
  bool string_map(NodeId id);
  bool number(NodeId id, const GoType& type, GoValue& out);
  bool string(NodeId id, const GoType& type, GoValue& out);
  bool null(const GoType& type, GoValue& out);
  bool mismatch(std::string_view value, const GoType& type);

  const Document& document_;
  bool name_embedded_;
  std::string_view struct_name_;
  std::vector<std::string_view> path_;
  std::string error_;
};

constexpr GoType kMapElement{GoKind::kString, "string", "", {}, nullptr};

bool Decoder::mismatch(std::string_view value, const GoType& type) {
  error_ = "json: cannot unmarshal ";
  error_ += value;
  if (path_.empty()) {
    error_ += " into Go value of type ";
  } else {
    error_ += " into Go struct field ";
    error_ += struct_name_;
    for (const std::string_view part : path_) {
      error_ += '.';
      error_ += part;
    }
    error_ += " of type ";
  }
  error_ += type.name;
  return false;
}

bool Decoder::value(NodeId id, const GoType& type, GoValue& out) {
  switch (document_.kind(id)) {
    case Kind::kNull:
      return null(type, out);
    case Kind::kBool:
      return mismatch("bool", type);
    case Kind::kNumber:
      return number(id, type, out);
    case Kind::kString:
      return string(id, type, out);
    case Kind::kArray:
      return type.kind == GoKind::kSlice ? array(id, type, out) : mismatch("array", type);
    case Kind::kObject:
      break;
  }
  if (type.kind == GoKind::kStringMap) return string_map(id);
  const bool is_struct = type.kind == GoKind::kStruct || type.kind == GoKind::kStructPtr;
  return is_struct ? object(id, type, out) : mismatch("object", type);
}

bool Decoder::null(const GoType& type, GoValue& out) {
  if (type.kind == GoKind::kSlice || type.kind == GoKind::kStructPtr) out = GoValue();
  return true;
}

bool Decoder::object(NodeId id, const GoType& type, GoValue& out) {
  const std::string_view outer_struct = struct_name_;
  const std::size_t outer_depth = path_.size();
  return document_.each_member(id, [&](NodeId key, NodeId member) {
    const std::string name = document_.string(key);
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      const GoField& field = type.fields[i];
      if (!fold_equal(field.key, name)) continue;
      struct_name_ = type.bare_name;
      if (name_embedded_ && !field.embedded.empty()) path_.push_back(field.embedded);
      path_.push_back(field.key);
      if (out.children.size() <= i) out.children.resize(i + 1);
      const bool ok = value(member, *field.type, out.children[i]);
      path_.resize(outer_depth);
      struct_name_ = outer_struct;
      return ok;
    }
    return true;
  });
}

/// A second array for the same slice is decoded over the first: what its elements leave out shows
/// through, and so does what lay behind a shorter one.
bool Decoder::array(NodeId id, const GoType& type, GoValue& out) {
  std::size_t count = 0;
  const bool ok = document_.each_element(id, [&](NodeId element) {
    if (count == out.children.size()) out.children.emplace_back();
    return value(element, *type.element, out.children[count++]);
  });
  if (count == 0) out.children.clear();
  out.length = static_cast<std::uint32_t>(count);
  out.set = true;
  return ok;
}

bool Decoder::string_map(NodeId id) {
  return document_.each_member(id, [this](NodeId, NodeId member) {
    GoValue ignored;
    return value(member, kMapElement, ignored);
  });
}

bool Decoder::number(NodeId id, const GoType& type, GoValue& out) {
  if (type.kind != GoKind::kInt && type.kind != GoKind::kUint8) return mismatch("number", type);
  const std::string_view text = document_.raw(id);
  std::int64_t parsed = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), parsed);
  bool ok = result.ec == std::errc() && result.ptr == text.data() + text.size();
  if (type.kind == GoKind::kUint8) ok = ok && text[0] != '-' && parsed <= 255;
  if (!ok) return mismatch("number " + std::string(text), type);
  out.number = parsed;
  return true;
}

bool Decoder::string(NodeId id, const GoType& type, GoValue& out) {
  if (type.kind == GoKind::kString) {
    out.node = id;
    return true;
  }
  if (type.kind == GoKind::kSlice && type.element->kind == GoKind::kUint8) {
    error_ = base64_error(document_.string(id));
    return error_.empty();
  }
  return mismatch("string", type);
}

}  // namespace

const GoValue& GoValue::operator[](std::size_t i) const {
  static const GoValue kZero;
  return i < children.size() ? children[i] : kZero;
}

std::string decode(const Document& document, const GoType& type, bool name_embedded, GoValue& out) {
  out = GoValue();
  Decoder decoder(document, name_embedded);
  decoder.value(Document::root(), type, out);
  return decoder.take_error();
}

}  // namespace regsweep::analyzer::go_json
