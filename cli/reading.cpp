#include "cli/reading.h"

#include <utility>

#include "cli/interrupt.h"

namespace regsweep::cli {

analyzer::Audit read_audit(const CommonArgs& args, const OpenStore& opened,
                           analyzer::AuditOptions options, const Io& io) {
  const GracefulInterrupt graceful;
  options.interrupted = [] { return GracefulInterrupt::asked(); };
  analyzer::Audit audit;
  run_parallel(args, *opened.store, io, [&] { audit = analyzer::audit(*opened.store, options); });
  return audit;
}

Exit exit_of_reading(const analyzer::Survey& survey, const CommonArgs& args, const Io& io,
                     std::string_view names_it) {
  if (survey.complete) return Exit::kDone;
  if (!args.quiet) {
    if (survey.interrupted) {
      io.err << "regsweep: interrupted: the report holds what was read by then\n";
    } else {
      io.err << "regsweep: incomplete: not everything could be read; " << names_it << '\n';
    }
  }
  return survey.interrupted ? Exit::kInterrupted : Exit::kIncomplete;
}

}  // namespace regsweep::cli
