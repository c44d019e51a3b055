// Any bytes as a line of a batch: an error of that line, or a request. The first byte chooses the input's
// format.
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "batch/task.h"
#include "text/made_up_vocabulary.h"

namespace {

pith::Prompter make_prompter() {
  pith::Metadata metadata;
  pith::add_made_up_vocabulary(metadata, 512);
  constexpr const char* chat =
      "{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ m.tool_calls }}{% endfor %}{{ tools }}";
  return {pith::Tokenizer::from_metadata(metadata),
          {chat, "template", false, "Be brief."},
          nlohmann::ordered_json::object()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pith;
  static const Prompter prompter = make_prompter();
  if (size == 0) return 0;
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  BatchDefaults defaults;
  defaults.lenient = data[0] & 4;
  const auto format = static_cast<BatchFormat>(data[0] & 3);
  SkippedFields skipped;
  try {
    (void)detect_format(line);
  } catch (const Error&) {
  }
  (void)task_id(line, 1, format);
  try {
    make_task(line, 1, format, defaults, prompter, skipped).request.sampling.check(512);
  } catch (const Error&) {
  }
  return 0;
}
