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
#include "text/thinking.h"

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
void declare_generation_options(Options& options, GenerationOptions& values,
                                const std::string& seed_help =
                                    "of the draws; default: another one every "
                                    "time, shown by --stats");

/// A request with these options and no prompt yet; without --seed a seed is drawn. Throws UsageError.
Request make_request(const GenerationOptions& values);

/// What the answer of a reasoning model is split by.
struct Thinking {
  const ThinkingMarkers* markers = nullptr;  ///< null: all of it is answer
  std::string prompt;                        ///< as rendered, which may open the reasoning
  bool show = false;                         ///< the reasoning goes to stderr
};

/// --think, and --show-thinking.
struct ThinkingOptions {
  std::string think = "auto";
  bool show = false;
};
void declare_think_option(Options& options, ThinkingOptions& values);
void declare_thinking_options(Options& options, ThinkingOptions& values);
/// What a chat template hears of --think.
nlohmann::ordered_json template_variables(const ThinkingOptions& values);

/// A result whose choice holds the answer alone, and the reasoning apart.
struct Answered {
  Result result;
  std::string thinking;
  std::int64_t thinking_tokens = 0;
  const Choice& choice() const { return result.choices.at(0); }
};

/// A model with its tokenizer and all that generates with it.
class Session {
 public:
  /// `prompt_cache`: a file, or empty. `sequences` answers at a time; 0: as many as memory allows. Throws
  /// Error, also where the model has no vocabulary.
  explicit Session(const ModelOptions& options, std::string prompt_cache = {}, int sequences = 1);

  const Model& model() const { return *model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  Scheduler& scheduler() { return scheduler_; }
  std::int64_t context() const { return scheduler_.context(); }
  /// `observer` hears the experts that all following answers take.
  void observe(ExpertObserver* observer) { engine_.observe(observer); }

  /// Runs the request to its end; `text` gets what becomes certain of the answer. SIGINT ends it with what
  /// there is. Throws Error where it fails.
  Answered answer(Request request, const Thinking& thinking,
                  const std::function<void(std::string_view)>& text);

  /// Where the session has a prompt cache. Throws Error.
  void save_prompt_cache() const;

 private:
  std::shared_ptr<const Model> model_;
  Tokenizer tokenizer_;
  Engine engine_;
  Scheduler scheduler_;
  std::string prompt_cache_;
};

SchedulerOptions scheduler_options(const ModelOptions& values);

/// --prompt-cache.
void declare_prompt_cache_option(Options& options, std::string& path);
/// Nothing where `path` is empty or is not there yet. Throws Error where the file does not fit.
void restore_prompt_cache(Scheduler& scheduler, const std::string& path);

/// What --json prints of an answer.
nlohmann::ordered_json answer_json(const Session& session, const Request& request, const Answered& answered);

/// What --stats prints: lines on stderr.
void report_stats(const Session& session, const Answered& answered);

/// What --logprobs prints without --json: a line a token on stderr.
void report_logprobs(const Session& session, const Request& request, const Answered& answered);

}  // namespace pith::cli
