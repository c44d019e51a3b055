#include "train/conversations.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/model_text.h"
#include "train/jsonl.h"

namespace pith::lab {

using nlohmann::ordered_json;

Conversations::Conversations(const std::filesystem::path& path)
    : tokenizer_(Tokenizer::open(path)),
      prompt_(tokenizer_, find_chat_template(path), printable(path.string(), 400)) {
  constexpr std::string_view kEnd = "<|im_end|>";
  const auto id = tokenizer_.find(kEnd);
  if (!id) fail("{}: has no token {}", printable(path.string(), 400), kEnd);
  end_of_turn_ = *id;
  const std::vector<std::int32_t> whole =
      prompt_.encode({{{"role", "user"}, {"content", "?"}}, {{"role", "assistant"}, {"content", "!"}}},
                     {{"add_generation_prompt", false}});
  const auto end = std::find(whole.rbegin(), whole.rend(), end_of_turn_);
  if (end == whole.rend())
    fail("{}: the chat template ends no answer with {}", printable(path.string(), 400), kEnd);
  after_answer_.assign(end.base(), whole.end());
}

std::vector<std::int32_t> Conversations::prompt(const ordered_json& messages) const {
  return prompt_.encode(messages, ordered_json::object());
}

std::vector<std::int32_t> Conversations::answer(std::string_view text) const {
  std::vector<std::int32_t> out = tokenizer_.encode(text);
  out.push_back(end_of_turn_);
  return out;
}

Example Conversations::example(const ordered_json& messages) const {
  Example out;
  ordered_json before = ordered_json::array();
  for (const ordered_json& message : messages) {
    if (message.at("role") == "assistant") {
      const std::vector<std::int32_t> so_far = prompt(before);
      if (!std::equal(out.tokens.begin(), out.tokens.end(), so_far.begin(),
                      so_far.begin() + std::min(std::ssize(out.tokens), std::ssize(so_far))))
        fail("the chat template changes earlier turns when later ones come");
      out.tokens = so_far;
      out.targets.resize(out.tokens.size(), -1);
      for (const std::int32_t id : answer(message.at("content").get<std::string>())) {
        out.targets.back() = id;
        out.tokens.push_back(id);
        out.targets.push_back(-1);
      }
    }
    before.push_back(message);
  }
  return out;
}

std::vector<Example> read_conversations(const std::filesystem::path& path, const Conversations& conversations,
                                        std::int64_t context) {
  std::vector<Example> out;
  read_jsonl(path, [&](const nlohmann::json& line) {
    out.push_back(conversations.example(line.at("messages")));
    if (std::ssize(out.back().tokens) > context)
      fail("{} tokens do not fit the context of {}", out.back().tokens.size(), context);
  });
  if (out.empty()) fail("{}: no conversation", printable(path.string(), 400));
  return out;
}

}  // namespace pith::lab
