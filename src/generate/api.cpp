// The public face (include/pith/pith.h) over the engine.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "generate/scheduler.h"
#include "pith/pith.h"
#include "text/chat_prompt.h"
#include "text/model_text.h"

namespace pith {
namespace {

EngineOptions engine_options(const OpenOptions& options) {
  if (options.threads < 0 || options.context < 0)
    fail_usage("threads and context: expected at least 0, found {} and {}", options.threads, options.context);
  EngineOptions o;
  o.threads = options.threads;
  o.context = options.context;
  return o;
}

}  // namespace

struct LanguageModel::State {
  State(const std::string& path, const OpenOptions& options)
      : model(open_model(path)),
        tokenizer(need_tokenizer(model->file)),
        engine(model, engine_options(options)),
        scheduler(engine, tokenizer) {}

  Answer answer(std::vector<TokenId> prompt, const GenerateOptions& options) {
    Request request;
    request.prompt = std::move(prompt);
    request.max_tokens = options.max_tokens;
    request.stop = options.stop;
    request.sampling.temperature = options.temperature;
    request.sampling.top_k = options.top_k;
    request.sampling.top_p = options.top_p;
    request.sampling.min_p = options.min_p;
    request.sampling.seed = options.seed;
    Result result = pith::generate(scheduler, std::move(request), [&](const TokenEvent& event) {
      if (options.on_text && !event.text.empty() && !options.on_text(event.text))
        scheduler.cancel(event.request);
    });
    Choice& choice = result.choices.at(0);
    if (choice.finish == FinishReason::Failed) throw Error(choice.error);
    return {std::move(choice.text), std::move(choice.ids), result.prompt_tokens,
            std::string(finish_reason_name(choice.finish))};
  }

  std::shared_ptr<const Model> model;
  Tokenizer tokenizer;
  Engine engine;
  Scheduler scheduler;
};

LanguageModel::LanguageModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
LanguageModel::LanguageModel(LanguageModel&&) noexcept = default;
LanguageModel& LanguageModel::operator=(LanguageModel&&) noexcept = default;
LanguageModel::~LanguageModel() = default;

LanguageModel LanguageModel::open(const std::string& path, const OpenOptions& options) {
  return LanguageModel(std::make_unique<State>(path, options));
}

Answer LanguageModel::generate(std::string_view prompt, const GenerateOptions& options) {
  return state_->answer(state_->tokenizer.encode(prompt, {.add_special = true}), options);
}

Answer LanguageModel::chat(std::span<const Message> messages, const GenerateOptions& options) {
  const std::string& path = state_->model->file.path;
  const std::string source = find_chat_template(state_->model->file);
  if (source.empty()) fail("{}: has no chat template", printable(path));
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Message& m : messages) list.push_back({{"role", m.role}, {"content", m.content}});
  const ChatPrompt prompt(state_->tokenizer, source, path);
  return state_->answer(prompt.encode(list, nlohmann::ordered_json::object()), options);
}

std::vector<std::int32_t> LanguageModel::tokenize(std::string_view text, bool add_special) const {
  return state_->tokenizer.encode(text, {.add_special = add_special});
}

std::string LanguageModel::detokenize(std::span<const std::int32_t> tokens) const {
  return state_->tokenizer.decode(tokens);
}

std::int64_t LanguageModel::context() const { return state_->scheduler.context(); }
int LanguageModel::vocabulary() const { return state_->model->spec.vocab; }

std::string_view version() { return PITH_VERSION; }

}  // namespace pith
