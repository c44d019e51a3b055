#include "text/jinja_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "text/jinja_operations.h"
#include "text/jinja_strings.h"

namespace pith::jinja {

Value from_json(Runtime& rt, const nlohmann::ordered_json& json) {
  using Type = nlohmann::ordered_json::value_t;
  const Runtime::At nested(rt, 0);
  switch (json.type()) {
    case Type::boolean: return json.get<bool>();
    case Type::number_integer: return json.get<std::int64_t>();
    case Type::number_unsigned:
      if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        rt.fail("the integer {} of the context does not fit in 64 bits", json.get<std::uint64_t>());
      }
      return json.get<std::int64_t>();
    case Type::number_float: return json.get<double>();
    case Type::string: return rt.text(json.get_ref<const std::string&>());
    case Type::array: {
      Items items;
      for (const auto& item : json) items.push_back(from_json(rt, item));
      return rt.list(std::move(items));
    }
    case Type::object: {
      Dict dict;
      for (const auto& [key, item] : json.items()) rt.insert(dict, rt.text(key), from_json(rt, item));
      return rt.dict(std::move(dict));
    }
    default: return None();
  }
}

std::string quote_json(std::string_view text, bool ensure_ascii) {
  static constexpr std::string_view kLetters = "bfnrt\"\\", kMeanings = "\b\f\n\r\t\"\\";
  std::string out = "\"";
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text);
    const std::size_t short_form =
        c.code < 0x80 ? kMeanings.find(static_cast<char>(c.code)) : std::string_view::npos;
    const auto code = static_cast<unsigned>(c.code);
    if (short_form != std::string_view::npos) {
      out += '\\';
      out += kLetters[short_form];
    } else if (code < 0x20 || (ensure_ascii && code >= 0x7f && code < 0x10000)) {
      out += fmt::format("\\u{:04x}", code);
    } else if (ensure_ascii && code >= 0x10000) {
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((code - 0x10000) >> 10),
                         0xdc00 + ((code - 0x10000) & 0x3ff));
    } else {
      out.append(text.substr(0, c.length));
    }
    text.remove_prefix(c.length);
  }
  return out + '"';
}

namespace {

class JsonWriter {
 public:
  JsonWriter(Runtime& rt, const JsonStyle& style) : rt_(rt), style_(style) {}

  void write(const Value& value) {
    rt_.work();
    if (const std::string* text = value.text()) {
      put(quote_json(*text, style_.ensure_ascii));
    } else if (value.items()) {
      container("[", value.items()->size(), "]", [&](std::size_t i) { write((*value.items())[i]); });
    } else if (const Dict* dict = value.dict()) {
      object(*dict);
    } else {
      put(scalar(value));
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void put(std::string_view text) { rt_.append(out_, text); }

  std::string scalar(const Value& value) const {
    if (const bool* b = value.get<bool>()) return *b ? "true" : "false";
    if (value.is_none()) return "null";
    if (value.is_integral()) return std::to_string(value.integer());
    if (!value.is<double>()) rt_.fail("a value of type {} cannot be written as JSON", type_name(value));
    const double real = value.real();
    if (std::isnan(real)) return "NaN";
    return std::isinf(real) ? (real < 0 ? "-Infinity" : "Infinity") : repr_real(real);
  }

  void new_line() {
    put("\n");
    for (int i = 0; i < level_; ++i) put(style_.indent);
  }

  template <class WriteItem>
  void container(std::string_view open, std::size_t size, std::string_view close, WriteItem write_item) {
    put(open);
    ++level_;
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) put(style_.item_separator);
      if (style_.multiline) new_line();
      write_item(i);
    }
    --level_;
    if (style_.multiline && size > 0) new_line();
    put(close);
  }

  void object(const Dict& dict) {
    std::vector<const std::pair<Value, Value>*> entries;
    rt_.take_memory(dict.entries.size() * sizeof(void*));
    for (const auto& entry : dict.entries) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [&](auto a, auto b) { return less(rt_, a->first, b->first); });
    }
    container("{", entries.size(), "}", [&](std::size_t i) {
      const auto& [key, value] = *entries[i];
      if (key.text()) {
        write(key);
      } else if (key.is_number() || key.is_none()) {
        put(quote_json(scalar(key), false));
      } else {
        rt_.fail("a {} cannot be a key in JSON", type_name(key));
      }
      put(style_.key_separator);
      write(value);
    });
  }

  Runtime& rt_;
  const JsonStyle& style_;
  int level_ = 0;
  std::string out_;
};

}  // namespace

std::string to_json(Runtime& rt, const Value& value, const JsonStyle& style) {
  JsonWriter writer(rt, style);
  writer.write(value);
  return writer.take();
}

}  // namespace pith::jinja
