// What the commands that generate text share: the options, a model at work, the reports.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/loading.h"
#include "cli/options.h"
#include "generate/scheduler.h"

namespace pith::cli {

struct GenerationOptions {
  SamplingOptions sampling;
  std::optional<std::uint64_t> seed;
  std::int64_t max_tokens = -1;
  std::vector<std::string> stop;
  std::vector<std::string> logit_bias;
  bool ignore_eos = false;
};

/// -n, --stop, --ignore-eos, --seed and the sampler chain in its order.
void declare_generation_options(Options& options, GenerationOptions& values);

/// A request with these options and no prompt yet; without --seed a seed is drawn. Throws UsageError.
Request make_request(const GenerationOptions& values);

/// A model with its tokenizer and all that generates with it.
class Session {
 public:
  /// Throws Error, also where the model has no vocabulary.
  explicit Session(const ModelOptions& options);

  const Model& model() const { return *model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  std::int64_t context() const { return scheduler_.context(); }

  /// Runs the request to its end; `text` gets what becomes certain of the answer. SIGINT ends it with what
  /// there is. Throws Error where it fails.
  Result answer(Request request, const std::function<void(std::string_view)>& text);

 private:
  std::shared_ptr<const Model> model_;
  Tokenizer tokenizer_;
  Engine engine_;
  Scheduler scheduler_;
};

/// What --json prints of an answer.
nlohmann::ordered_json answer_json(const Session& session, const Request& request, const Result& result);

/// What --stats prints: lines on stderr.
void report_stats(const Session& session, const Result& result);

/// What --logprobs prints without --json: a line a token on stderr.
void report_logprobs(const Session& session, const Request& request, const Result& result);

}  // namespace pith::cli
