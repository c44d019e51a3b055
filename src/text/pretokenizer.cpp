#include "text/pretokenizer.h"

#include <algorithm>

#include "text/vocabulary.h"

namespace pith {
namespace {

struct Section {
  std::size_t begin, end;
  bool match;
};

/// All of `text` as matches and what lies between.
std::vector<Section> sections_of(std::string_view text, const Split& split) {
  std::vector<Section> out;
  std::size_t done = 0;
  split.regex.for_each_match(text, [&](std::size_t begin, std::size_t end) {
    if (begin > done) out.push_back({done, begin, split.invert});
    out.push_back({begin, end, !split.invert});
    done = end;
  });
  if (done < text.size()) out.push_back({done, text.size(), split.invert});
  return out;
}

/// Joins neighbours as the behaviour wants it; afterwards every section that is left is a word.
void join_sections(SplitBehavior behavior, std::vector<Section>& sections) {
  std::vector<Section> out;
  bool previous_match = false;
  switch (behavior) {
    case SplitBehavior::Isolated: return;
    case SplitBehavior::Removed: std::erase_if(sections, [](const Section& s) { return s.match; }); return;
    case SplitBehavior::MergedWithNext: std::reverse(sections.begin(), sections.end()); [[fallthrough]];
    case SplitBehavior::MergedWithPrevious:
      for (const Section& s : sections) {
        if (s.match && !previous_match && !out.empty()) {
          out.back() = {std::min(out.back().begin, s.begin), std::max(out.back().end, s.end), false};
        } else {
          out.push_back(s);
        }
        previous_match = s.match;
      }
      if (behavior == SplitBehavior::MergedWithNext) std::reverse(out.begin(), out.end());
      break;
    case SplitBehavior::Contiguous:
      for (const Section& s : sections) {
        if (s.match == previous_match && !out.empty()) {
          out.back().end = s.end;
        } else {
          out.push_back(s);
        }
        previous_match = s.match;
      }
      break;
  }
  sections = std::move(out);
}

void run(const Split& split, std::string_view word, bool, Words& out) {
  if (split.behavior == SplitBehavior::Isolated) {  // the common case, without the list of sections
    std::size_t done = 0;
    split.regex.for_each_match(word, [&](std::size_t begin, std::size_t end) {
      if (begin > done) out.list.push_back(word.substr(done, begin - done));
      if (end > begin) out.list.push_back(word.substr(begin, end - begin));
      done = end;
    });
    if (done < word.size()) out.list.push_back(word.substr(done));
    return;
  }
  std::vector<Section> sections = sections_of(word, split);
  join_sections(split.behavior, sections);
  for (const Section& s : sections) {
    if (s.end > s.begin) out.list.push_back(word.substr(s.begin, s.end - s.begin));
  }
}

/// The expression sees the byte alphabet; the words are the bytes again, where they lie.
void run_mapped(const Split& split, std::string_view word, Words& out) {
  const std::string mapped = to_byte_alphabet(word);
  Words cut;
  run(split, mapped, false, cut);
  std::size_t at = 0;
  const char* expected = mapped.data();
  for (const std::string_view w : cut.list) {
    // One byte of the word for each character of the alphabet, also of what was removed before.
    const auto bytes = [](const char* begin, const char* end) {
      return static_cast<std::size_t>(std::count_if(begin, end, [](char c) { return (c & 0xc0) != 0x80; }));
    };
    at += bytes(expected, w.data());
    const std::size_t length = bytes(w.data(), w.data() + w.size());
    out.list.push_back(word.substr(at, length));
    at += length;
    expected = w.data() + w.size();
  }
}

void run(const PrefixSpace&, std::string_view word, bool, Words& out) {
  if (word.starts_with(' ')) {
    out.list.push_back(word);
  } else {
    out.list.push_back(out.storage.emplace_back(" " + std::string(word)));
  }
}

void run(const Metaspace& metaspace, std::string_view word, bool at_start, Words& out) {
  std::string& text = out.storage.emplace_back(word);
  replace_all(text, " ", metaspace.replacement);
  const bool prepend = metaspace.prepend == Metaspace::Prepend::Always ||
                       (metaspace.prepend == Metaspace::Prepend::First && at_start);
  if (prepend && !text.starts_with(metaspace.replacement)) text.insert(0, metaspace.replacement);
  if (!metaspace.split) {
    out.list.push_back(text);
    return;
  }
  const std::string_view all = text;
  std::size_t begin = 0;
  while (begin < all.size()) {
    const std::size_t next = all.find(metaspace.replacement, begin + 1);
    const std::size_t end = std::min(next, all.size());
    out.list.push_back(all.substr(begin, end - begin));
    begin = end;
  }
}

}  // namespace

void Pretokenizer::split(std::string_view text, bool at_start, Words& words) const {
  words.list.clear();
  words.storage.clear();
  if (text.empty()) return;
  words.list.push_back(text);
  std::vector<std::string_view> before;
  for (const PretokenizerStep& step : steps_) {
    before.swap(words.list);
    words.list.clear();
    for (const std::string_view word : before) {
      if (const Split* s = std::get_if<Split>(&step); s && s->byte_mapped) {
        run_mapped(*s, word, words);
      } else {
        const bool first = at_start && word.data() == before.front().data();
        std::visit([&](const auto& s2) { run(s2, word, first, words); }, step);
      }
    }
  }
}

}  // namespace pith
