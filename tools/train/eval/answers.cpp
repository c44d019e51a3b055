#include "train/eval/answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "cli/progress.h"
#include "generate/scheduler.h"
#include "text/chat_prompt.h"
#include "text/model_text.h"

namespace pith::lab {

namespace {

Tokenizer tokenizer_of(const ModelFile& file) {
  std::optional<Tokenizer> found = find_tokenizer(file);
  if (!found) fail("{}: has no vocabulary", printable(file.path, 400));
  return *std::move(found);
}

}  // namespace

struct AnsweringModel::State {
  State(const std::filesystem::path& path, int threads, int parallel)
      : model(open_model(path)),
        tokenizer(tokenizer_of(model->file)),
        engine(model, {.threads = threads, .sequences = parallel}),
        scheduler(engine, tokenizer) {
    const std::string source = find_chat_template(model->file);
    if (!source.empty()) chat.emplace(tokenizer, source, printable(path.string(), 400));
  }

  std::shared_ptr<const Model> model;
  Tokenizer tokenizer;
  std::optional<ChatPrompt> chat;
  Engine engine;
  Scheduler scheduler;
};

AnsweringModel::AnsweringModel(const std::filesystem::path& path, int threads, int parallel)
    : state_(std::make_unique<State>(path, threads, parallel)) {}

AnsweringModel::~AnsweringModel() = default;

const Tokenizer& AnsweringModel::tokenizer() const { return state_->tokenizer; }
std::int64_t AnsweringModel::context() const { return state_->scheduler.context(); }

std::vector<TokenId> AnsweringModel::chat(const nlohmann::ordered_json& messages) const {
  if (!state_->chat) fail("{}: has no chat template", printable(state_->model->file.path, 400));
  return state_->chat->encode(messages, nlohmann::ordered_json::object());
}

std::vector<std::vector<std::string>> AnsweringModel::answer(std::span<const Prompt> prompts,
                                                             const AnswerSettings& settings,
                                                             std::string_view what) {
  std::vector<std::vector<std::string>> out(prompts.size());
  cli::Progress progress(what);
  std::size_t done = 0;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    Request request;
    request.prompt = prompts[i].ids;
    request.stop = prompts[i].stop;
    request.choices = settings.choices;
    const std::int64_t room = context() - std::ssize(request.prompt);
    if (room < 1)
      fail("a prompt of {} tokens leaves no room in a context of {}", request.prompt.size(), context());
    request.max_tokens = std::min(settings.max_tokens, room);
    request.sampling.temperature = static_cast<float>(settings.temperature);
    request.sampling.top_k = 0;
    request.sampling.top_p = 1;
    request.sampling.min_p = 0;
    request.sampling.seed = settings.seed + i * static_cast<std::uint64_t>(settings.choices);
    state_->scheduler.submit(std::move(request), [&, i](Result result) {
      for (Choice& choice : result.choices) {
        if (choice.finish == FinishReason::Failed) fail("an answer: {}", choice.error);
        out[i].push_back(std::move(choice.text));
      }
      progress.update(static_cast<double>(++done) / static_cast<double>(prompts.size()));
    });
  }
  state_->scheduler.run();
  return out;
}

}  // namespace pith::lab
