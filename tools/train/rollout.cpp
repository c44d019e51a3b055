#include "train/rollout.h"

#include <algorithm>

#include "base/error.h"
#include "generate/scheduler.h"
#include "text/model_text.h"
#include "train/model_file.h"

namespace pith::lab {
namespace {

// The file goes with the last one who reads it.
struct RemovedFile {
  std::filesystem::path path;
  ~RemovedFile() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

}  // namespace

std::vector<Rollout> sample(const Shape& shape, std::span<const float> parameters,
                            std::span<const std::vector<std::int32_t>> prompts,
                            const std::filesystem::path& file, const SamplingSettings& settings,
                            int threads) {
  constexpr int kSequences = 32;
  const RemovedFile removed{file};
  write_model_file(file, shape, parameters, {.name = "rollout", .tokenizer = settings.tokenizer});
  const auto model = open_model(file);
  Engine engine(model, {.threads = threads,
                        .context = shape.context,
                        .sequences = kSequences,
                        .kv = {DType::F32, DType::F32}});
  Scheduler scheduler(engine, find_tokenizer(model->file));

  std::vector<Rollout> out(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    Request request;
    request.prompt = prompts[i];
    request.max_tokens = std::min(settings.max_tokens, shape.context - std::ssize(prompts[i]));
    request.sampling.temperature = static_cast<float>(settings.temperature);
    request.sampling.top_k = 0;
    request.sampling.top_p = 1;
    request.sampling.min_p = 0;
    request.sampling.seed = settings.seed + i;
    scheduler.submit(std::move(request), [&out, i](Result result) {
      Choice& choice = result.choices.front();
      if (choice.finish == FinishReason::Failed) fail("sampling: {}", choice.error);
      out[i].answer = std::move(choice.ids);
      out[i].text = std::move(choice.text);
      out[i].ended = choice.stop_token >= 0;
      if (out[i].ended) out[i].answer.push_back(choice.stop_token);
    });
    out[i].prompt = prompts[i];
  }
  scheduler.run();
  return out;
}

}  // namespace pith::lab
