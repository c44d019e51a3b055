#include "cli/input.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/terminal.h"

namespace pith::cli {

std::string read_text(const std::optional<std::string>& argument, const std::string& file,
                      std::string_view command) {
  if (argument && !file.empty()) fail_usage("{}: -f and a text exclude each other", command);
  if (!file.empty()) return file == "-" ? read_stdin() : read_file(file);
  if (argument && *argument != "-") return *argument;
  if (!argument && stdin_is_terminal()) fail_usage("{}: no text; give one in quotes, or pipe it in", command);
  return read_stdin();
}

std::string valid_text(std::string text, std::string_view what) {
  if (is_valid_utf8(text)) return text;
  std::size_t first = 0;
  for (std::string_view rest = text; decode_utf8(rest).valid; rest = std::string_view(text).substr(first))
    first += decode_utf8(rest).length;
  note("{} is not valid UTF-8 (first at byte {}); what is not was replaced by U+FFFD", what, first);
  return replace_invalid_utf8(text);
}

std::vector<TokenId> read_token_ids(std::string_view text, std::string_view command) {
  constexpr std::string_view kBlank = " \t\r\n,";
  std::vector<TokenId> ids;
  for (std::size_t at = text.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlank, at), text.size());
    TokenId id;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, id);
    if (error != std::errc() || stop != text.data() + end)
      fail_usage("{}: expected token ids, found '{}'", command, printable(text.substr(at, end - at), 40));
    ids.push_back(id);
    at = text.find_first_not_of(kBlank, end);
  }
  return ids;
}

std::string to_json_text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string to_json_string(std::string_view text) { return to_json_text(nlohmann::ordered_json(text)); }

}  // namespace pith::cli
