// Any text as a chat template: an Error, or a rendering within the limits.
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/jinja.h"
#include "text/jinja_json.h"

namespace {

constexpr const char* kContext = R"({
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Hällo 🤗"}]},
    {"role": "assistant", "content": "", "reasoning_content": "Hm.", "tool_calls": [
      {"id": "call12345", "type": "function", "function": {"name": "f", "arguments": {"a": 1, "b": [2.5, null]}}}]},
    {"role": "tool", "tool_call_id": "call12345", "content": "{\"x\": 1}"}],
  "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
  "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>",
  "n": -7, "x": 2.5, "s": " a,b\nc ", "l": [3, 1, 2], "d": {"a": 1, "b": {"c": []}}
})";

/// Smaller than the real ones, so that more templates are tried in the same time.
pith::jinja::Environment environment(pith::jinja::Dialect dialect) {
  pith::jinja::Environment out;
  out.limits.steps = 100'000;
  out.limits.memory = 16u << 20;
  out.limits.text = 1u << 20;
  out.limits.items = 1000;
  out.dialect = dialect;
  out.now = 0;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pith;
  static const auto context = nlohmann::ordered_json::parse(kContext);
  try {
    const jinja::Template program(std::string_view(reinterpret_cast<const char*>(data), size));
    for (const auto dialect : {jinja::Dialect::kPython, jinja::Dialect::kJavaScript}) {
      try {
        (void)program.render(environment(dialect),
                             [&](jinja::Runtime& rt) { return *jinja::from_json(rt, context).dict(); });
      } catch (const Error&) {
      }
    }
  } catch (const Error&) {
  }
  return 0;
}
