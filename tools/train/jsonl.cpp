#include "train/jsonl.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace pith::lab {

void JsonlWriter::write(const nlohmann::ordered_json& object) {
  const std::string line = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  file_.write(std::as_bytes(std::span(line)));
}

void read_jsonl(const std::filesystem::path& path, const std::function<void(const nlohmann::json&)>& use) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty()) continue;
    const std::string where = fmt::format("{}, line {}", printable(path.string(), 400), number);
    const nlohmann::json object = parse_json(line, where);
    if (!object.is_object()) fail("{}: expected an object, found {}", where, object.type_name());
    try {
      use(object);
    } catch (const nlohmann::json::exception& e) {
      fail("{}: {}", where, printable(e.what()));
    } catch (const Error& e) {
      fail("{}: {}", where, e.what());
    }
  }
}

}  // namespace pith::lab
