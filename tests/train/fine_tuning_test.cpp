// Fine-tuning, reward, PPO and DPO on a task that a tiny network learns in seconds: which of two letters to
// say.
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/terminal.h"
#include "model/model.h"
#include "pith/error.h"
#include "temporary_folder.h"
#include "train/byte_tokenizer.h"
#include "train/checkpoint.h"
#include "train/conversations.h"
#include "train/dpo.h"
#include "train/model_file.h"
#include "train/reward.h"
#include "train/rlhf.h"
#include "train/rollout.h"
#include "train/sft.h"
#include "train/small_networks.h"

namespace pith::lab {
namespace {

using nlohmann::json;

json message(const char* role, std::string content) {
  return {{"role", role}, {"content", std::move(content)}};
}

// A folder with an untrained network, conversations "say" -> "x" or "y", and pairs that like y better.
struct Task {
  test::TemporaryFolder folder;
  Shape shape{.vocab = kByteVocabulary,
              .width = 32,
              .layers = 1,
              .heads = 2,
              .kv_heads = 1,
              .head_dim = 16,
              .ffn = 32,
              .context = 48};

  Task() {
    write_byte_tokenizer(folder.path());
    Checkpoint start{
        .shape = shape, .state = {}, .config = "{}", .parameters = initial_parameters(shape, 0.05, 1)};
    start.first = start.second = std::vector<float>(start.parameters.size());
    write_checkpoint(folder / "start", start);

    std::string conversations, pairs, text;
    for (int i = 0; i < 64; ++i) {
      const std::string word = "say " + std::string(1, static_cast<char>('a' + i % 8));
      const json asked = json::array({message("user", word)});
      json answered = asked;
      answered.push_back(message("assistant", i / 8 % 2 == 0 ? "x" : "y"));
      conversations +=
          json{{"messages", answered}, {"kind", "copy"}, {"check", "exact"}, {"answer", "y"}}.dump() + "\n";
      pairs += json{{"messages", asked}, {"chosen", "y"}, {"rejected", "x"}}.dump() + "\n";
    }
    for (int i = 0; i < 200; ++i) text += std::string("t\0", 2) + std::string("\0\1", 2);  // "t", end of text
    folder.write("conversations.jsonl", conversations);
    folder.write("pairs.jsonl", pairs);
    folder.write("text.u16", text);
  }

  std::string at(std::string_view name) const { return (folder / name).string(); }

  json config(const std::string& run, const std::string& from, int steps) const {
    return {
        {"run", at(run)},
        {"name", "tiny"},
        {"from", at(from)},
        {"tokenizer", folder.path().string()},
        {"seed", 3},
        {"threads", 2},
        {"steps", steps},
        {"warmup_steps", 2},
        {"decay_share", 0.5},
        {"batch", {{"rows", 256}, {"shards", 2}}},
        {"optimizer",
         {{"peak_rate", 0.01}, {"beta1", 0.9}, {"beta2", 0.95}, {"eps", 1e-8}, {"decay", 0.01}, {"clip", 1}}},
        {"log_every", 1},
        {"validate_every", 10},
        {"checkpoint_minutes", 60}};
  }

  void fine_tune(const std::string& run) const {
    json c = config(run, "start", 200);
    c["train"] = c["validation"] = at("conversations.jsonl");
    c["examples"] = 16;
    c["validation_windows"] = 2;
    c["replay"] = {{"train", at("text.u16")}, {"validation", at("text.u16")}, {"share", 0.2}};
    sft(Config::parse(c.dump(), "sft.json"));
  }

  json preference_config(const std::string& run, const std::string& from) const {
    json c = config(run, from, 30);
    c["train"] = c["validation"] = {at("pairs.jsonl")};
    c["comparisons"] = 16;
    return c;
  }

  std::vector<json> log(const std::string& run) const {
    std::vector<json> lines;
    const std::string text = read_file(folder / run / "log.jsonl");
    for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      lines.push_back(json::parse(text.substr(begin, end - begin)));
    return lines;
  }

  // How often the model of a run says y.
  double share_of_y(const std::string& run) const {
    const Conversations c(folder.path());
    const Checkpoint model = read_checkpoint(*latest_checkpoint(folder / run));
    const std::vector<std::vector<std::int32_t>> prompts(
        200, c.prompt(nlohmann::ordered_json::array({message("user", "say c")})));
    double y = 0;
    for (const Rollout& r :
         sample(shape, model.parameters, prompts, folder / "rollout.gguf", {folder.path(), 1, 8, 5}, 2))
      y += r.text == "y";
    return y / 200;
  }
};

TEST(FineTuning, TargetsAreTheAnswers) {
  const Task task;
  const Conversations c(task.folder.path());
  const auto messages = nlohmann::ordered_json::array(
      {message("user", "a"), message("assistant", "bc"), message("user", "d"), message("assistant", "e")});
  const Example e = c.example(messages);
  EXPECT_EQ(c.tokenizer().decode(e.tokens, true),
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nbc<|im_end|>\n"
            "<|im_start|>user\nd<|im_end|>\n<|im_start|>assistant\ne<|im_end|>");
  std::vector<std::int32_t> learnt;
  for (std::size_t i = 0; i < e.targets.size(); ++i) {
    if (e.targets[i] < 0) continue;
    learnt.push_back(e.targets[i]);
    ASSERT_EQ(e.targets[i], e.tokens.at(i + 1));
  }
  EXPECT_EQ(c.tokenizer().decode(learnt, true), "bc<|im_end|>e<|im_end|>");
  // What a reward model reads is the whole of what the template writes, as for the engine.
  EXPECT_EQ(c.tokenizer().decode(c.after_answer(), true), "\n");
}

// Everything in its order: each step begins with what the one before it left.
TEST(FineTuning, SlowEveryStepLearnsItsTask) {
  const Task task;
  task.fine_tune("sft");
  const std::vector<json> sft_log = task.log("sft");
  // Half x, half y and no way to know which: ln 2 for the letter, nothing for the end.
  EXPECT_GT(sft_log.front()["answer_validation_loss"], 4.0);
  EXPECT_NEAR(sft_log.back()["answer_validation_loss"].get<double>(), std::log(2) / 2, 0.1);
  EXPECT_LT(sft_log.back()["text_validation_loss"], 0.5);
  EXPECT_NEAR(task.share_of_y("sft"), 0.5, 0.25);

  json r = task.preference_config("reward", "sft");
  r["layers"] = 0;
  r["likelihood"] = {{"token", 0.1}, {"sum", 0.1}};
  reward(Config::parse(r.dump(), "reward.json"));
  EXPECT_EQ(task.log("reward").back()["validation_right"], 1.0);
  EXPECT_TRUE(open_model_file(task.folder / "reward/final.gguf").tensors.find("cls.output.weight"));

  // With weight, it learns likelihoods.
  r["run"] = task.at("likely");
  r["likelihood"] = {{"token", 10}, {"sum", 100}};
  reward(Config::parse(r.dump(), "reward.json"));
  const std::vector<json> likely = task.log("likely");  // the first and the last line are of validation
  for (const char* error : {"token_error", "sum_error"})
    EXPECT_LT(likely.at(likely.size() - 2)[error], likely.at(1)[error].get<double>() / 2) << error;

  // With further layers the trunk stays that of the model it began with, to the bit.
  r["run"] = task.at("deep");
  r["layers"] = 1;
  r["likelihood"] = {{"token", 0.1}, {"sum", 0.1}};
  reward(Config::parse(r.dump(), "reward.json"));
  EXPECT_EQ(task.log("deep").back()["validation_right"], 1.0);
  const Checkpoint before = read_checkpoint(*latest_checkpoint(task.folder / "sft"));
  const Checkpoint after = read_checkpoint(*latest_checkpoint(task.folder / "deep"));
  EXPECT_EQ(after.shape.layers, before.shape.layers + 1);
  EXPECT_TRUE(std::equal(before.parameters.begin(),
                         before.parameters.begin() + Layout(before.shape).output_norm,
                         after.parameters.begin()));

  json d = task.preference_config("dpo", "sft");
  d["beta"] = 0.1;
  dpo(Config::parse(d.dump(), "dpo.json"));
  EXPECT_EQ(task.log("dpo").back()["validation_right"], 1.0);
  EXPECT_GT(task.share_of_y("dpo"), 0.9);
  for (const json& line : task.log("dpo")) {  // a line a step
    if (!line.contains("seconds_left")) continue;
    EXPECT_DOUBLE_EQ(line["seconds_left"], line["seconds"].get<double>() * (30 - line["step"].get<int>()));
  }

  json p = task.config("rlhf", "sft", 24);
  p["optimizer"]["peak_rate"] = 0.003;
  p["reward"] = task.at("reward");
  p["prompts"] = task.at("conversations.jsonl");
  p["answers"] = 32, p["minibatch"] = 16, p["epochs"] = 2, p["max_tokens"] = 8;
  p["temperature"] = 1, p["gamma"] = 1, p["lambda"] = 0.95;
  p["clip"] = 0.2, p["value_clip"] = 0.5, p["value_factor"] = 0.1, p["unfinished"] = 1;
  p["mix"] = {{"train", task.at("conversations.jsonl")}, {"examples", 2}, {"weight", 0.01}};
  p["kl"] = {{"coefficient", 0.02}, {"target", 3}, {"horizon", 1000}};
  rlhf(Config::parse(p.dump(), "rlhf.json"));
  const std::vector<json> rlhf_log = task.log("rlhf");
  EXPECT_NEAR(rlhf_log.front()["kl"].get<double>(), 0, 1e-4);  // nothing has been learnt yet
  EXPECT_GT(rlhf_log.back()["proxy_reward"], rlhf_log.front()["proxy_reward"]);
  EXPECT_GT(rlhf_log.back()["true_score"], rlhf_log.front()["true_score"]);
  EXPECT_GT(task.share_of_y("rlhf"), 0.8);

  // A reward model of another depth scores as well.
  json other = p;
  other["run"] = task.at("other");
  other["steps"] = 4;
  other["reward"] = task.at("deep");
  rlhf(Config::parse(other.dump(), "rlhf.json"));
  EXPECT_NE(task.log("other").back()["proxy_reward"], rlhf_log.front()["proxy_reward"]);

  // The loss of fine-tuning, with weight, holds it to half x and half y.
  json held = p;
  held["run"] = task.at("held");
  held["mix"]["examples"] = 16, held["mix"]["weight"] = 10;
  rlhf(Config::parse(held.dump(), "rlhf.json"));
  EXPECT_LT(task.share_of_y("held"), 0.75);

  // Stopped behind every iteration, it ends with the same bytes.
  cli::prepare_process();
  p["run"] = task.at("parts");
  std::string error;
  do {
    raise(SIGINT);
    error.clear();
    try {
      rlhf(Config::parse(p.dump(), "rlhf.json"));
    } catch (const Error& e) {
      error = e.what();
    }
    cli::clear_interrupt();
    ASSERT_TRUE(error.empty() || error.find("interrupted") != std::string::npos) << error;
  } while (!error.empty());
  // The configs differ in the run's folder alone, which the model file does not hold.
  EXPECT_EQ(read_file(task.folder / "parts/final.gguf"), read_file(task.folder / "rlhf/final.gguf"));
}

}  // namespace
}  // namespace pith::lab
