// What the bytes of a batch's output depend on beside its input, in words: what resumed and merged outputs
// must have in common.
#pragma once

#include <string>

#include "batch/manifest.h"
#include "batch/task.h"
#include "infer/engine.h"

namespace pith {

struct SettingsSource {
  const Engine& engine;
  const PrompterOptions& prompter;
  std::string template_variables;  ///< JSON text
  const BatchDefaults& defaults;
  bool text, ordered;
  const BatchSettings& reasoning;  ///< of the strategy that answers
  std::string_view version;        ///< of this program
};
BatchSettings batch_settings(const SettingsSource& source);

}  // namespace pith
