#include "batch/settings.h"

#include "base/hash.h"
#include "generate/kv_file.h"

namespace pith {
namespace {

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

std::string text_hash(const std::string& text) {
  if (text.empty()) return "none";
  Hash hash;
  hash.add(text);
  return hex(hash.value());
}

std::string list(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts)
    all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", printable(text));
  return all;
}

std::string list(const std::vector<std::pair<TokenId, float>>& biases) {
  std::string all;
  for (const auto& [id, bias] : biases) all += fmt::format("{}{}={}", all.empty() ? "" : ", ", id, bias);
  return all;
}

}  // namespace

BatchSettings batch_settings(const SettingsSource& source) {
  const Engine& engine = source.engine;
  const Request& request = source.defaults.request;
  const SamplingOptions& s = request.sampling;
  const auto text = [](const auto& value) { return fmt::format("{}", value); };
  BatchSettings settings{
      {"version", std::string(source.version)},
      {"model", hex(fingerprint(engine.model()))},
      {"chat template", text_hash(source.prompter.chat_template)},
      {"template variables", source.template_variables},
      {"system message", text_hash(source.prompter.system.value_or(""))},
      {"raw", text(source.prompter.raw)},
      {"key type", std::string(type_info(engine.options().kv.k).name)},
      {"value type", std::string(type_info(engine.options().kv.v).name)},
      {"instruction-set level", std::string(kernels().isa)},
      {"context", text(engine.options().context)},
      {"text input", text(source.text)},
      {"ordered", text(source.ordered)},
      {"lenient", text(source.defaults.lenient)},
      {"max tokens", text(request.max_tokens)},
      {"stop", list(request.stop)},
      {"ignore EOS", text(request.ignore_eos)},
      {"seed", text(source.defaults.seed)},
      {"logit bias", list(s.logit_bias)},
      {"repeat penalty", text(s.repetition_penalty)},
      {"frequency penalty", text(s.frequency_penalty)},
      {"presence penalty", text(s.presence_penalty)},
      {"repeat last n", text(s.penalty_window)},
      {"temperature", text(s.temperature)},
      {"top-k", text(s.top_k)},
      {"top-p", text(s.top_p)},
      {"min-p", text(s.min_p)},
      {"typical", text(s.typical)},
  };
  settings.insert(settings.end(), source.reasoning.begin(), source.reasoning.end());
  return settings;
}

}  // namespace pith
