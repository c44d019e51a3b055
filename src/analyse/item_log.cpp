#include "analyse/item_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

struct ItemLog::Results {
  std::map<std::int64_t, Json> of;
};

ItemLog::ItemLog(const std::filesystem::path& path, const Json& header, bool resume)
    : path_(path.string()), results_(std::make_unique<Results>()) {
  if (path_.empty()) return;
  std::error_code ignored;
  const bool exists = std::filesystem::is_regular_file(path, ignored) && std::filesystem::file_size(path) > 0;
  if (exists && !resume) fail("{}: is there already; --resume goes on with it", printable(path_, 400));
  std::size_t keep = 0;
  if (exists) {
    const std::string text = read_file(path);
    keep = text.rfind('\n') + 1;  // npos + 1 is 0
    // What is not even the beginning of a log is somebody's file.
    if (keep == 0 && !line_of(header).starts_with(text))
      fail("{}: expected a log of this evaluation, found something else; another file begins anew",
           printable(path_, 400));
    take_over(std::string_view(text).substr(0, keep), header);
  }
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("{}: {}", printable(path_, 400), std::strerror(errno));
  if (exists && ftruncate(descriptor_, static_cast<off_t>(keep)) != 0)
    fail("{}: {}", printable(path_, 400), std::strerror(errno));
  if (keep == 0) append(line_of(header));
}

ItemLog::~ItemLog() {
  if (descriptor_ >= 0) close(descriptor_);
}

void ItemLog::take_over(std::string_view text, const Json& header) {
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    Json line =
        parse_ordered_json(text.substr(0, end), fmt::format("{}: line {}", printable(path_, 400), number));
    text.remove_prefix(end + 1);
    if (number == 1) {
      for (const auto& [key, value] : header.items()) {
        if (!line.is_object() || !line.contains(key) || line[key] != value) {
          fail("{}: its results are of another run, {} differs; another file begins anew",
               printable(path_, 400), key);
        }
      }
      continue;
    }
    if (!line.is_object() || !line.contains("item") || !line["item"].is_number_integer())
      fail("{}: line {}: expected an item's result", printable(path_, 400), number);
    const auto item = line["item"].get<std::int64_t>();
    results_->of.insert_or_assign(item, std::move(line));
  }
}

bool ItemLog::has(std::int64_t item) const { return results_->of.contains(item); }

std::int64_t ItemLog::size() const { return std::ssize(results_->of); }

void ItemLog::for_each(std::int64_t end, const std::function<void(std::int64_t, const Json&)>& f) const {
  for (const auto& [item, result] : results_->of) {
    if (item < end) f(item, result);
  }
}

void ItemLog::add(std::int64_t item, const Json& result) {
  Json line{{"item", item}};
  line.update(result);
  if (descriptor_ >= 0) append(line_of(line));
  results_->of.insert_or_assign(item, std::move(line));
}

void ItemLog::append(const std::string& line) {
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t n = write(descriptor_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("{}: {}", printable(path_, 400), std::strerror(errno));
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace pith
