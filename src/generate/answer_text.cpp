#include "generate/answer_text.h"

#include <algorithm>
#include <utility>

namespace pith {
namespace {

// Length of the longest end of `text` with which `stop` begins.
std::size_t overlap(std::string_view text, std::string_view stop) {
  std::size_t n = std::min(text.size(), stop.size());
  while (!text.ends_with(stop.substr(0, n))) --n;  // the empty string ends every text
  return n;
}

}  // namespace

std::string AnswerText::release(std::string_view more) {
  if (stopped_by_ >= 0) return {};
  held_ += more;
  std::size_t at = held_.size();
  for (std::size_t i = 0; i < stop_.size(); ++i) {
    if (const std::size_t found = held_.find(stop_[i]); found < at)
      at = found, stopped_by_ = static_cast<int>(i);
  }
  if (stopped_by_ < 0) {
    std::size_t open = 0;
    for (const std::string& stop : stop_) open = std::max(open, overlap(held_, stop));
    at = held_.size() - open;
  }
  std::string certain = held_.substr(0, at);
  held_.erase(0, at);
  return certain;
}

std::string AnswerText::finish() {
  std::string rest = release(decoder_.finish());
  if (stopped_by_ < 0) rest += std::exchange(held_, {});
  return rest;
}

}  // namespace pith
