#include "base/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

#include "base/error.h"

namespace pith {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 200;

// "line 3, column 7" of the byte at `offset`, and of a text of one line the column alone, since that may be a
// line of a file itself; columns count bytes, from 1.
std::string place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
  const std::string column = fmt::format("column {}", before.size() - line_start + 1);
  if (text.find('\n') == text.npos) return column;
  return fmt::format("line {}, {}", 1 + std::count(before.begin(), before.end(), '\n'), column);
}

// The parser and everything that later walks the tree recurse or keep a stack: bound them before they start.
void check_depth(std::string_view text, std::string_view what) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) {
        fail("{}: {}: JSON nested deeper than {} levels", what, place(text, i), kMaxDepth);
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

// The reason out of nlohmann's "[json.exception...] parse error at line 1, column 2: syntax error ... -
// reason".
std::string reason(std::string_view message) {
  for (std::string_view before : {"] ", "column ", ": ", "syntax error "}) {
    const std::size_t at = message.find(before);
    if (at != message.npos) message.remove_prefix(at + before.size());
  }
  return printable(message, 200);
}

// Reads through a document and throws at the second occurrence of a key in one object. (The parser's callback
// could do this while it builds the tree, but takes quadratic time.)
class DuplicateCheck : public nlohmann::json_sax<json> {
 public:
  explicit DuplicateCheck(std::string_view what) : what_(what) {}

  bool start_object(std::size_t) override {
    open_.emplace_back();
    return true;
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool key(string_t& name) override {
    if (!open_.back().insert(name).second) {
      fail("{}: JSON key '{}' occurs twice in one object", what_, printable(name));
    }
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

 private:
  std::string_view what_;
  std::vector<std::unordered_set<std::string>> open_;
};

}  // namespace

namespace {

template <class Json>
Json parse(std::string_view text, std::string_view what, DuplicateKeys duplicates) {
  check_depth(text, what);
  try {
    Json value = Json::parse(text);
    if (duplicates == DuplicateKeys::Reject) {
      DuplicateCheck check(what);
      json::sax_parse(text, &check);
    }
    return value;
  } catch (const json::parse_error& e) {
    fail("{}: {}: invalid JSON: {}", what, place(text, e.byte == 0 ? 0 : e.byte - 1), reason(e.what()));
  } catch (const json::exception& e) {  // a number that no type can hold
    fail("{}: invalid JSON: {}", what, reason(e.what()));
  }
}

}  // namespace

json parse_json(std::string_view text, std::string_view what, DuplicateKeys duplicates) {
  return parse<json>(text, what, duplicates);
}

nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view what) {
  return parse<nlohmann::ordered_json>(text, what, DuplicateKeys::KeepLast);
}

}  // namespace pith
