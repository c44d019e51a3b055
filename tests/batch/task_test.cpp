// What lines ask for: every form, every field, and what is wrong with the others.
#include "batch/task.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "generate/models.h"

namespace pith {
namespace {

constexpr const char* kTemplate =
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[{{ mood | default('calm') }}]";

struct Task : testing::Test {
  void SetUp() override { PITH_NEED_SHARED(); }

  Prompter prompter(std::string source = kTemplate, bool raw = false) const {
    return Prompter(test::stories_tokenizer(), {std::move(source), "template", raw, std::nullopt},
                    nlohmann::ordered_json::object());
  }
  BatchTask read(const std::string& text, BatchFormat format = BatchFormat::Requests) {
    return make_task(text, 17, format, defaults, prompter(), skipped);
  }
  BatchTask completion(const std::string& fields) {
    return read(R"({"custom_id":"a","body":{"prompt":"x",)" + fields + "}}");
  }
  BatchTask chat(const std::string& fields) {
    return read(R"({"custom_id":"a","body":{"messages":[{"role":"user","content":"x"}],)" + fields + "}}");
  }
  void expect_error(const std::string& text, const char* code, const std::string& message) {
    try {
      read(text);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const LineError& e) {
      EXPECT_EQ(e.code, code) << text;
      EXPECT_NE(std::string(e.what()).find(message), std::string::npos) << e.what();
    }
  }
  std::vector<TokenId> ids(std::string_view text) const {
    return test::stories_tokenizer().encode(text, {.add_special = true});
  }

  BatchDefaults defaults;
  SkippedFields skipped;
};

TEST(BatchFormats, AreDetected) {
  EXPECT_EQ(detect_format(R"({"custom_id":"a","method":"POST","url":"/v1/completions","body":{}})"),
            BatchFormat::Requests);
  EXPECT_EQ(detect_format(R"({"custom_id":"a","body":{}})"), BatchFormat::Bodies);
  EXPECT_EQ(detect_format(R"(  {"prompt":"x"})"), BatchFormat::Prompts);
  EXPECT_EQ(detect_format("{broken"), BatchFormat::Requests);
  EXPECT_EQ(detect_format("Once upon a time"), BatchFormat::Text);
  EXPECT_EQ(detect_format("[INST] hello [/INST]"), BatchFormat::Text);
  EXPECT_THROW(detect_format("["), Error);
  EXPECT_THROW(detect_format("[ {\"custom_id\""), Error);
}

TEST(BatchIds, AreTheLinesOwnOrItsNumber) {
  EXPECT_EQ(task_id(R"({"custom_id":"a b"})", 3, BatchFormat::Requests), "a b");
  EXPECT_EQ(task_id(R"({"custom_id":7})", 3, BatchFormat::Requests), "line-3");
  EXPECT_EQ(task_id("{broken", 3, BatchFormat::Requests), "line-3");
  EXPECT_EQ(task_id(R"({"custom_id":"a"})", 3, BatchFormat::Text), "line-3");
  EXPECT_EQ(task_id(std::string(1000, '['), 3, BatchFormat::Requests), "line-3");
}

TEST(BatchSeeds, DependOnBothAndKeepIn53Bits) {
  EXPECT_NE(derived_seed(0, "a"), derived_seed(0, "b"));
  EXPECT_NE(derived_seed(0, "a"), derived_seed(1, "a"));
  EXPECT_LT(derived_seed(7, "a"), std::uint64_t{1} << 53);
}

TEST_F(Task, EveryFieldOfACompletion) {
  const BatchTask t = read(
      R"({"custom_id":"a","method":"POST","url":"/v1/completions","body":{"model":"any","prompt":"Once","max_tokens":5,
      "temperature":0.5,"top_p":0.9,"top_k":7,"min_p":0.1,"seed":18446744073709551615,"stop":["x","y"],"n":3,"logprobs":2,
      "frequency_penalty":0.5,"presence_penalty":-1,"repetition_penalty":1.5,"logit_bias":{"5":-100,"7":1.5},"echo":true,
      "user":"u","metadata":{"k":"v"},"stream":false,"best_of":null,"suffix":null}})");
  EXPECT_EQ(t.name.id, "a");
  EXPECT_EQ(t.name.line, 17);
  EXPECT_FALSE(t.chat);
  EXPECT_TRUE(t.echo);
  EXPECT_EQ(t.prompt.text, "Once");
  const Request& r = t.request;
  EXPECT_EQ(r.prompt, ids("Once")) << "raw: a completion continues its prompt";
  EXPECT_EQ(r.max_tokens, 5);
  EXPECT_EQ(r.stop, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(r.choices, 3);
  EXPECT_EQ(r.logprobs, 2);
  EXPECT_TRUE(r.prompt_logprobs);
  EXPECT_EQ(r.sampling.temperature, 0.5f);
  EXPECT_EQ(r.sampling.top_p, 0.9f);
  EXPECT_EQ(r.sampling.top_k, 7);
  EXPECT_EQ(r.sampling.min_p, 0.1f);
  EXPECT_EQ(r.sampling.seed, ~std::uint64_t{0});
  EXPECT_EQ(r.sampling.frequency_penalty, 0.5f);
  EXPECT_EQ(r.sampling.presence_penalty, -1);
  EXPECT_EQ(r.sampling.repetition_penalty, 1.5f);
  EXPECT_EQ(r.sampling.logit_bias, (std::vector<std::pair<TokenId, float>>{{5, -100.f}, {7, 1.5f}}));
}

TEST_F(Task, EveryFieldOfAChat) {
  const BatchTask t = read(
      R"({"custom_id":"a","url":"/v1/chat/completions","body":{"messages":[{"role":"system","content":"s"},
      {"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}],"max_completion_tokens":5.0,
      "logprobs":true,"top_logprobs":3,"stop":"z","chat_template_kwargs":{"mood":"gay"},"response_format":{"type":"text"},
      "tools":[]}})");
  EXPECT_TRUE(t.chat);
  EXPECT_EQ(t.prompt.text, "[system]s[user]one\ntwo[gay]");
  EXPECT_EQ(t.request.max_tokens, 5);
  EXPECT_EQ(t.request.logprobs, 3);
  EXPECT_FALSE(t.request.prompt_logprobs);
  EXPECT_EQ(t.request.stop, std::vector<std::string>{"z"});
  EXPECT_EQ(chat(R"("logprobs":true)").request.logprobs, 0);
  EXPECT_EQ(chat(R"("logprobs":false)").request.logprobs, -1);
}

TEST_F(Task, PromptsOfEveryForm) {
  EXPECT_EQ(read(R"({"body":{"prompt":[1,403]}})").request.prompt, (std::vector<TokenId>{1, 403}));
  EXPECT_EQ(read(R"({"body":{"prompt":[[1,403]]}})").request.prompt, (std::vector<TokenId>{1, 403}));
  EXPECT_EQ(read(R"({"body":{"prompt":["Once"]}})").request.prompt, ids("Once"));
  // A line of its own, and text, are what `pith run` would take.
  EXPECT_EQ(read(R"({"prompt":"hi","max_tokens":3})", BatchFormat::Prompts).prompt.text, "[user]hi[calm]");
  EXPECT_EQ(read("{\"prompt\":\"hi\"}", BatchFormat::Text).prompt.text, "[user]{\"prompt\":\"hi\"}[calm]");
  EXPECT_EQ(make_task("hi", 1, BatchFormat::Text, defaults, prompter(kTemplate, true), skipped).prompt.text,
            "hi");
  EXPECT_EQ(make_task("a\xff", 1, BatchFormat::Text, defaults, prompter(""), skipped).prompt.text,
            "a\xef\xbf\xbd");
}

TEST_F(Task, DefaultsHoldWhereALineSaysNothing) {
  defaults.request.max_tokens = 9;
  defaults.request.stop = {"s"};
  defaults.request.sampling.temperature = 0.25f;
  defaults.seed = 5;
  EXPECT_EQ(completion(R"("n":1)").request.max_tokens, 9);
  EXPECT_EQ(completion(R"("n":1)").request.sampling.temperature, 0.25f);
  EXPECT_EQ(completion(R"("n":1)").request.stop, std::vector<std::string>{"s"});
  EXPECT_EQ(completion(R"("n":1)").request.sampling.seed, derived_seed(5, "a"));
  EXPECT_EQ(completion(R"("temperature":null)").request.sampling.temperature, 0.25f);
  EXPECT_EQ(completion(R"("seed":-1)").request.sampling.seed, ~std::uint64_t{0});
  EXPECT_EQ(completion(R"("top_k":-1)").request.sampling.top_k, 0) << "all";
}

TEST_F(Task, WhatIsWrongIsSaid) {
  const auto body = [](const std::string& fields) {
    return R"({"custom_id":"a","body":{"prompt":"x",)" + fields + "}}";
  };
  expect_error("{\"a\":", "invalid_json", "line 17: column 6");
  expect_error("[1]", "invalid_json", "line 17: expected an object");
  expect_error("\xff", "invalid_json", "line 17: column 1");
  expect_error(std::string(300, '['), "invalid_json", "nested deeper");
  expect_error(R"({"custom_id":1,"body":{"prompt":"x"}})", "invalid_request", "custom_id: expected a string");
  expect_error(R"({"custom_id":"a","url":"/v1/embeddings","body":{}})", "invalid_request", "/v1/completions");
  expect_error(R"({"custom_id":"a","method":"GET","url":"/v1/completions","body":{}})", "invalid_request",
               "POST");
  expect_error(R"({"custom_id":"a","url":"/v1/completions"})", "invalid_request", "'body' is missing");
  expect_error(R"({"custom_id":"a","body":[]})", "invalid_request", "expected an object");
  expect_error(R"({"custom_id":"a","body":{}})", "invalid_request", "'prompt' is missing");
  expect_error(R"({"url":"/v1/chat/completions","body":{}})", "invalid_request", "'messages' is missing");
  expect_error(R"({"url":"/v1/chat/completions","body":{"prompt":"x"}})", "unsupported_field", "'prompt'");
  expect_error(R"({"custom_id":"a","body":{"prompt":"x"},"priority":1})", "unsupported_field", "'priority'");
  expect_error(R"({"body":{"prompt":["a","b"]}})", "invalid_request", "one text or one array");
  expect_error(R"({"body":{"prompt":[1,512]}})", "invalid_request", "outside the vocabulary");
  expect_error(R"({"body":{"prompt":[1,-1]}})", "invalid_request", "prompt is -1");
  expect_error(R"({"body":{"messages":[]}})", "invalid_request", "an array of messages");
  expect_error(R"({"body":{"messages":[{"content":"x"}]}})", "invalid_request", "a role");
  expect_error(R"({"body":{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}})",
               "invalid_request", "parts");
  expect_error(body(R"("temperature":"hot")"), "invalid_request",
               "temperature: expected a number, found \"hot\"");
  expect_error(body(R"("max_tokens":1.5)"), "invalid_request", "max_tokens: expected an integer");
  expect_error(body(R"("max_tokens":1e300)"), "invalid_request", "max_tokens: expected an integer");
  expect_error(body(R"("max_tokens":18446744073709551615)"), "invalid_request",
               "max_tokens: expected an integer");
  expect_error(body(R"("n":0)"), "invalid_request", "n is 0; expected 1 to 1024");
  expect_error(body(R"("n":100000000)"), "invalid_request", "n is");
  expect_error(body(R"("logprobs":true)"), "invalid_request", "logprobs: expected an integer");
  expect_error(body(R"("logprobs":101)"), "invalid_request", "logprobs is 101");
  expect_error(body(R"("seed":"x")"), "invalid_request", "seed");
  expect_error(body(R"("stop":[1])"), "invalid_request", "stop: expected a string");
  expect_error(body(R"("stop":{})"), "invalid_request", "stop");
  expect_error(body(R"("logit_bias":{"a":1})"), "invalid_request", "token ids as keys");
  expect_error(body(R"("logit_bias":[1])"), "invalid_request", "logit_bias");
  expect_error(body(R"("stream":true)"), "unsupported_field", "'stream'");
  expect_error(body(R"("best_of":2)"), "unsupported_field", "'best_of'");
  expect_error(R"({"body":{"messages":[{"role":"user","content":"x"}],"echo":true}})", "unsupported_field",
               "'echo'");
  expect_error(R"({"body":{"messages":[{"role":"user","content":"x"}],"top_logprobs":2}})", "invalid_request",
               "needs logprobs");
  EXPECT_TRUE(skipped.empty());
}

TEST_F(Task, LenientSkipsFieldsAndCountsThem) {
  defaults.lenient = true;
  completion(R"("tools":[1],"stream":true)");
  completion(R"("tools":[1])");
  EXPECT_EQ(skipped, (SkippedFields{{"stream", 1}, {"tools", 2}}));
  for (int i = 0; i < 1000; ++i) completion("\"unknown" + std::to_string(i) + "\":1");
  EXPECT_LE(skipped.size(), 100u);
  expect_error(R"({"body":{"prompt":"x","temperature":"hot"}})", "invalid_request", "temperature");
}

TEST_F(Task, AChatNeedsATemplate) {
  try {
    make_task(R"({"messages":[{"role":"user","content":"x"}]})", 1, BatchFormat::Prompts, defaults,
              prompter(""), skipped);
    ADD_FAILURE();
  } catch (const LineError& e) {
    EXPECT_STREQ(e.what(), "the model has no chat template; --template FILE gives one");
  }
}

TEST_F(Task, AStrategyGetsAQuestion) {
  defaults.reasoned = true;
  const BatchTask chat_task = read(
      R"({"body":{"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"one"},
      {"type":"text","text":"two"}]}],"max_completion_tokens":5,"n":1,"logprobs":false}})");
  ASSERT_EQ(chat_task.question.size(), 2u);
  EXPECT_EQ(chat_task.question[0].role, "system");
  EXPECT_EQ(chat_task.question[1].content, "one\ntwo");
  EXPECT_EQ(chat_task.request.max_tokens, 5);
  EXPECT_TRUE(chat_task.request.prompt.empty());

  Prompter system(test::stories_tokenizer(), {kTemplate, "template", false, "be brief"},
                  nlohmann::ordered_json::object());
  const BatchTask text = make_task("hi", 1, BatchFormat::Text, defaults, system, skipped);
  ASSERT_EQ(text.question.size(), 2u);
  EXPECT_EQ(text.question[0].content, "be brief");
  EXPECT_EQ(text.question[1].role, "user");

  for (const char* field : {R"("n":2)", R"("logprobs":1)", R"("echo":true)"})
    EXPECT_THROW(completion(field), LineError) << field;
  expect_error(R"({"body":{"prompt":[1,403]}})", "invalid_request", "prompt: expected a string");
  expect_error(R"({"body":{"messages":[{"role":"tool","content":"x","name":"y"}]}})", "invalid_request",
               "a role and a content");
  expect_error(R"({"body":{}})", "invalid_request", "'prompt' is missing");
}

}  // namespace
}  // namespace pith
