#pragma once

#include <ostream>

#include "reports/text_style.h"
#include "storage/setup.h"

namespace regsweep::reports {

/// Prints a store's surroundings for a person, what each means for cleaning, and the next command.
void write_setup_text(const storage::Setup& setup, const TextOptions& options, std::ostream& out);

/// The same as JSON, schema regsweep.explain/1 (docs/schemas/explain.json).
void write_setup_json(const storage::Setup& setup, std::ostream& out);

}  // namespace regsweep::reports
