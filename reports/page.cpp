#include "reports/page.h"

#include <string>

#include "reports/page_files.h"
#include "reports/page_policy.h"

namespace regsweep::reports {
namespace {

void write_scripts(PageKind kind, std::ostream& out) {
  for (const std::string_view script : page_scripts(kind)) {
    out << "<script>" << element_text(script) << "</script>\n";
  }
}

/// Writes what stands for a {{word}} of the template.
void write_part(std::string_view word, std::string_view title, PageKind kind, const Json& data,
                std::ostream& out) {
  if (word == "title") out << html_text(title);
  if (word == "kind") out << (kind == PageKind::kDiff ? "diff" : "audit");
  if (word == "policy") out << page_policy(kind);
  if (word == "style") out << element_text(page_style());
  if (word == "data") out << script_safe(data);
  if (word == "scripts") write_scripts(kind, out);
}

}  // namespace

std::string script_safe(const Json& data) {
  const std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = std::string_view(text).substr(i);
    if (text[i] == '<') {
      safe += "\\u003c";
    } else if (text[i] == '>') {
      safe += "\\u003e";
    } else if (text[i] == '&') {
      safe += "\\u0026";
    } else if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) {
      safe += rest.starts_with("\u2028") ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += text[i];
    }
  }
  return safe;
}

std::string html_text(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

void write_page(std::string_view title, PageKind kind, const Json& data, std::ostream& out) {
  for (std::string_view rest : {page_head(), page_body(kind)}) {
    for (;;) {
      const std::size_t open = rest.find("{{");
      out << rest.substr(0, open);
      if (open == std::string_view::npos) break;
      const std::size_t close = rest.find("}}", open);
      write_part(rest.substr(open + 2, close - open - 2), title, kind, data, out);
      rest.remove_prefix(close + 2);
    }
  }
}

}  // namespace regsweep::reports
