#include "train/eval/questions.h"

#include "base/error.h"
#include "train/corpus/draw.h"
#include "train/jsonl.h"

namespace pith::lab {

std::vector<Question> read_questions(const std::filesystem::path& path) {
  std::vector<Question> questions;
  read_jsonl(path, [&](const nlohmann::json& line) {
    const auto& messages = line.at("messages");
    if (messages.size() > 2) return;
    const auto& asked = messages.at(0);
    questions.push_back({.messages = nlohmann::ordered_json::array(
                             {{{"role", asked.at("role")}, {"content", asked.at("content")}}}),
                         .kind = line.at("kind"),
                         .user = asked.at("content"),
                         .check = line.at("check"),
                         .answer = line.at("answer"),
                         .steps = line.value("steps", 0)});
  });
  if (questions.empty()) fail("{}: no conversations of one turn", printable(path.string(), 400));
  return questions;
}

std::vector<Question> draw_questions(const std::filesystem::path& path, std::int64_t limit,
                                     std::uint64_t seed) {
  std::vector<Question> questions = read_questions(path);
  Draw draw(seed);
  draw.shuffle(questions);
  if (limit > 0 && limit < std::ssize(questions)) questions.resize(static_cast<std::size_t>(limit));
  return questions;
}

}  // namespace pith::lab
