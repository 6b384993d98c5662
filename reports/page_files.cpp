// Puts the files of reports/page/ and d3 into the program. CMake says where they are.
#include "reports/page_files.h"

#include <array>

// NOLINTBEGIN(cppcoreguidelines-macro-usage): the assembler wants the names as text
#define REGSWEEP_EMBED(name, path)                      \
  asm(".pushsection .rodata\n"                          \
      ".global regsweep_page_" #name                    \
      "_begin\n"                                        \
      "regsweep_page_" #name                            \
      "_begin:\n"                                       \
      ".incbin \"" path                                 \
      "\"\n"                                            \
      ".global regsweep_page_" #name                    \
      "_end\n"                                          \
      "regsweep_page_" #name                            \
      "_end:\n"                                         \
      ".byte 0\n"                                       \
      ".popsection\n");                                 \
  extern "C" const char regsweep_page_##name##_begin[]; \
  extern "C" const char regsweep_page_##name##_end[];

#define REGSWEEP_EMBEDDED(name) \
  std::string_view(regsweep_page_##name##_begin, regsweep_page_##name##_end)
// NOLINTEND(cppcoreguidelines-macro-usage)

REGSWEEP_EMBED(head, REGSWEEP_PAGE_DIR "/head.html")
REGSWEEP_EMBED(html, REGSWEEP_PAGE_DIR "/page.html")
REGSWEEP_EMBED(css, REGSWEEP_PAGE_DIR "/page.css")
REGSWEEP_EMBED(d3, REGSWEEP_D3)
REGSWEEP_EMBED(format, REGSWEEP_PAGE_DIR "/format.js")
REGSWEEP_EMBED(tree, REGSWEEP_PAGE_DIR "/tree.js")
REGSWEEP_EMBED(tip, REGSWEEP_PAGE_DIR "/tip.js")
REGSWEEP_EMBED(treemap, REGSWEEP_PAGE_DIR "/treemap.js")
REGSWEEP_EMBED(tables, REGSWEEP_PAGE_DIR "/tables.js")
REGSWEEP_EMBED(ages, REGSWEEP_PAGE_DIR "/ages.js")
REGSWEEP_EMBED(search, REGSWEEP_PAGE_DIR "/search.js")
REGSWEEP_EMBED(main, REGSWEEP_PAGE_DIR "/main.js")
REGSWEEP_EMBED(diff_html, REGSWEEP_PAGE_DIR "/diff.html")
REGSWEEP_EMBED(diff, REGSWEEP_PAGE_DIR "/diff.js")

namespace regsweep::reports {

std::string_view page_head() { return REGSWEEP_EMBEDDED(head); }

std::string_view page_body(PageKind kind) {
  return kind == PageKind::kDiff ? REGSWEEP_EMBEDDED(diff_html) : REGSWEEP_EMBEDDED(html);
}

std::string_view page_style() { return REGSWEEP_EMBEDDED(css); }

std::span<const std::string_view> page_scripts(PageKind kind) {
  static const std::array diff_scripts = {REGSWEEP_EMBEDDED(d3), REGSWEEP_EMBEDDED(format),
                                          REGSWEEP_EMBEDDED(diff)};
  if (kind == PageKind::kDiff) return diff_scripts;
  static const std::array scripts = {
      REGSWEEP_EMBEDDED(d3),   REGSWEEP_EMBEDDED(format),  REGSWEEP_EMBEDDED(tree),
      REGSWEEP_EMBEDDED(tip),  REGSWEEP_EMBEDDED(treemap), REGSWEEP_EMBEDDED(tables),
      REGSWEEP_EMBEDDED(ages), REGSWEEP_EMBEDDED(search),  REGSWEEP_EMBEDDED(main)};
  return scripts;
}

}  // namespace regsweep::reports
