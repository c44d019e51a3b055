#include "text/thinking.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "shared_data.h"

namespace pith {
namespace {

struct Split {
  std::string thinking, answer;
  bool operator==(const Split&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Split& s) {
  return out << "[" << s.thinking << "] " << s.answer;
}

/// Splits `text` that arrives `step` bytes at a time.
Split split(std::string_view source, std::string_view prompt, std::string_view text, std::size_t step) {
  ThinkingSplitter splitter(find_thinking_markers(source), prompt);
  Split out;
  const auto add = [&](const std::vector<ThinkingSplitter::Piece>& pieces) {
    for (const auto& piece : pieces) (piece.thinking ? out.thinking : out.answer) += piece.text;
  };
  for (std::size_t at = 0; at < text.size(); at += step) add(splitter.push(text.substr(at, step)));
  add(splitter.finish());
  return out;
}

/// The same, in pieces of every size.
void expect_split(std::string_view source, std::string_view prompt, std::string_view text,
                  const Split& expected) {
  for (std::size_t step = 1; step <= text.size(); ++step) {
    EXPECT_EQ(split(source, prompt, text, step), expected) << "in steps of " << step;
  }
}

TEST(Thinking, SplitsWhereverTheTextIsCut) {
  expect_split("</think>", "assistant\n", "<think>\nwhy < how\n</think>\n\n4 <b", {"why < how\n", "4 <b"});
  expect_split("</think>", "assistant\n", "4", {"", "4"});
  expect_split("</think>", "assistant\n", "a <think>b</think> c <think>d", {"bd", "a  c "});
}

TEST(Thinking, BeginsInsideWhereThePromptOpensTheBlock) {
  expect_split("</think>", "assistant\n<think>\n", "two\n</think>\n4", {"two\n", "4"});
  expect_split("</think>", "assistant\n<think>\n\n</think>\n\n", "4", {"", "4"});
  expect_split("</think>", "<think> is a tag\nassistant\n", "4", {"", "4"});
}

TEST(Thinking, KnowsTheChannelsOfGptOss) {
  expect_split(
      "... <|channel|>analysis ...", "<|start|>assistant",
      "<|channel|>analysis<|message|>two and two<|end|><|start|>assistant<|channel|>final<|message|>4",
      {"two and two", "4"});
}

TEST(Thinking, LeavesTextAloneWithoutMarkers) {
  expect_split("a template", "prompt", "\n<think>4</think>", {"", "\n<think>4</think>"});
}

TEST(Thinking, TellsWhetherItIsInside) {
  ThinkingSplitter splitter(find_thinking_markers("<think>"), "");
  EXPECT_FALSE(splitter.thinking());
  splitter.push("<thi");
  EXPECT_FALSE(splitter.thinking());
  splitter.push("nk>");
  EXPECT_TRUE(splitter.thinking());
  splitter.push("a</think>b");
  EXPECT_FALSE(splitter.thinking());
}

std::string_view opening(const std::string& file) {
  std::ifstream stream(test::shared_data() / "chat_templates" / "templates" / (file + ".jinja"),
                       std::ios::binary);
  EXPECT_TRUE(stream) << file;
  const std::string source{std::istreambuf_iterator<char>(stream), {}};
  const ThinkingMarkers* markers = find_thinking_markers(source);
  return markers ? markers->open : "";
}

TEST(Thinking, FindsTheMarkersOfRealTemplates) {
  PITH_NEED_SHARED();
  const std::pair<const char*, std::string_view> expected[] = {
      {"openai-gpt-oss-120b", "<|channel|>analysis<|message|>"},
      {"google-gemma-4-31B-it", "<|channel>thought"},
      {"upstage-Solar-Open-100B", "<|think|>"},
      {"muse-glimmer", " to=self<|message|>"},
      {"Kimi-K3", "<|open|>think<|sep|>"},
      {"Kimi-K2-Thinking", "<think>"},
      {"CohereForAI-c4ai-command-r7b-12-2024-tool_use", "<|START_THINKING|>"},
      {"ByteDance-Seed-OSS", "<seed:think>"},
      {"MiniMax-M3", "<mm:think>"},
      {"tencent-Hy3", "<think:opensource>"},
      {"mistralai-Ministral-3-14B-Reasoning-2512", "[THINK]"},
      {"Apriel-1.6-15b-Thinker-fixed", "Here are my reasoning steps:"},
      {"unsloth-Apriel-1.5", "Here are my reasoning steps:"},
      {"ibm-granite-granite-3.3-2B-Instruct", "<think>"},
      {"Qwen-Qwen3-0.6B", "<think>"},
      {"LFM2.5-Instruct", "<think>"},
      {"deepseek-ai-DeepSeek-V3.1", "<think>"},
      {"meta-llama-Llama-3.3-70B-Instruct", ""},
      {"Qwen-Qwen2.5-7B-Instruct", ""},
      {"google-gemma-2-2b-it", ""},
  };
  for (const auto& [file, open] : expected) EXPECT_EQ(opening(file), open) << file;
}

}  // namespace
}  // namespace pith
