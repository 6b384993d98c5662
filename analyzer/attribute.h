#pragma once

#include "analyzer/account.h"

namespace regsweep::analyzer {

/// Fills the repositories' figures and the three kinds of garbage. Costs one walk over what each
/// repository reaches, and 8 bytes a digest + 4 bytes a digest and thread while it runs.
void attribute(const Survey& survey, Accounts& accounts);

}  // namespace regsweep::analyzer
