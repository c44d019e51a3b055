#include "batch/output_line.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pith {
namespace {

using Json = nlohmann::json;

// Takes what is needed in passing: an answer's text and log-probabilities never become objects.
class Extractor : public nlohmann::json_sax<Json> {
 public:
  OutputLine found;
  bool has_id = false, has_line = false, has_response = false;

  bool key(string_t& name) override {
    if (depth_ == 1) top_ = name;
    key_ = std::move(name);
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ == 1 && key_ == "id") found.name.key = std::move(value);
    if (depth_ == 1 && key_ == "custom_id") found.name.id = std::move(value), has_id = true;
    if (depth_ == 2 && top_ == "error" && key_ == "code") found.error_code = std::move(value);
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == 1 && key_ == "line")
      found.name.line = static_cast<std::int64_t>(value), has_line = value > 0;
    return true;
  }
  bool start_object(std::size_t) override {
    has_response |= depth_ == 1 && key_ == "response";
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  int depth_ = 0;
  std::string top_, key_;
};

}  // namespace

OutputLine read_output_line(std::string_view text, std::string_view what) {
  Extractor line;
  const bool valid = Json::sax_parse(text, &line);
  if (!valid || !line.has_id || !line.has_line || line.has_response == line.found.failed())
    fail("{}: not a line that pith batch wrote, or a damaged one", what);
  return std::move(line.found);
}

}  // namespace pith
