#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/bytes.h"
#include "base/error.h"
#include "temporary_folder.h"

namespace pith {
namespace {

using test::TemporaryFolder;

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(MappedFile, ShowsTheBytes) {
  const TemporaryFolder folder;
  const auto file = MappedFile::open(folder.write("a", "hello"));
  EXPECT_EQ(as_text(file->bytes()), "hello");
  EXPECT_EQ(file->path(), (folder / "a").string());
  file->will_need(0, 5);
  file->will_need(4, std::size_t(-1));
  file->will_need(100, 1);
}

TEST(MappedFile, SaysWhyItCannotBeOpened) {
  const TemporaryFolder folder;
  const auto error = [](const std::filesystem::path& path) {
    return error_of([&] { MappedFile::open(path); });
  };
  EXPECT_EQ(error(folder / "none"), (folder / "none").string() + ": No such file or directory");
  const std::filesystem::path deep = folder.path() / std::string(200, 'd') / "model.gguf";
  EXPECT_EQ(error(deep), deep.string() + ": No such file or directory");  // however long, it is not cut
  EXPECT_NE(error(folder.path()).find("expected a file, found a directory"), std::string::npos);
  EXPECT_NE(error(folder.write("empty", "")).find("the file is empty"), std::string::npos);
  EXPECT_NE(error("/dev/null").find("expected a regular file"), std::string::npos);
  const auto pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(error(pipe).find("expected a regular file"), std::string::npos);  // and it does not wait
  const auto secret = folder.write("secret", "x");
  ASSERT_EQ(chmod(secret.c_str(), 0), 0);
  if (geteuid() != 0) {  // root may read everything
    EXPECT_NE(error(secret).find("Permission denied"), std::string::npos);
  }
}

// What the handler writes names the file; escape sequences in its name do not reach the terminal.
TEST(MappedFileDeathTest, AShrunkenFileEndsTheProcessWithOneLine) {
  const TemporaryFolder folder;
  const auto read_after_truncation = [&] {
    const auto other = MappedFile::open(folder.write("other", "x"));
    const auto file = MappedFile::open(folder.write("shrunk\x1b", std::string(20000, 'x')));
    std::filesystem::resize_file(folder / "shrunk\x1b", 100);
    volatile std::byte last = file->bytes()[19999];
    (void)last;
  };
  EXPECT_EXIT(read_after_truncation(), testing::ExitedWithCode(1),
              "^pith: .*/shrunk\\\\x1b: the file shrank while it was being read\n$");
}

// Another component's mapping is none of our business: the default action ends the process with the signal.
TEST(MappedFileDeathTest, AForgottenMappingIsNotExplained) {
  const TemporaryFolder folder;
  const auto raise_after_unmapping = [&] {
    MappedFile::open(folder.write("gone", std::string(20000, 'x')));
    raise(SIGBUS);
    raise(SIGBUS);  // the first one put the earlier action back
  };
  EXPECT_DEATH(raise_after_unmapping(), "^$|AddressSanitizer");
}

TEST(ReadFile, ReadsFilesOfAnySizeAndPipes) {
  const TemporaryFolder folder;
  for (std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 3'000'001u}) {
    std::string text(size, 'a');
    if (size > 0) text.back() = 'z';
    EXPECT_EQ(read_file(folder.write("f", text)), text) << size;
  }
  EXPECT_EQ(read_file("/dev/null"), "");
}

TEST(ReadFile, Limits) {
  const TemporaryFolder folder;
  const auto path = folder.write("f", "12345");
  EXPECT_EQ(read_file(path, 5), "12345");
  EXPECT_NE(error_of([&] { read_file(path, 4); }).find("expected at most 4 bytes"), std::string::npos);
  EXPECT_NE(error_of([&] { read_file("/dev/zero", 100); }).find("too large"), std::string::npos);
  EXPECT_NE(error_of([&] { read_file(folder.path()); }).find("Is a directory"), std::string::npos);
  EXPECT_NE(error_of([&] { read_file(folder / "none"); }).find("No such file"), std::string::npos);
}

TEST(AtomicFile, ReplacesOnlyWhenComplete) {
  const TemporaryFolder folder;
  const auto path = folder.write("f", "old");
  {
    AtomicFile file(path);
    file.write(bytes_of("new, but not finished"));
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}),
            1);  // no temporary is left
  write_file_atomically(path, bytes_of("new"));
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicFile, WritesPiecesOfAnySizeInOrder) {
  const TemporaryFolder folder;
  std::string expected;
  AtomicFile file(folder / "f");
  for (std::size_t size : {1u, 70'000u, 1'048'576u, 3u, 2'000'000u, 0u, 1'048'575u, 2u}) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    file.write(bytes_of(piece));
    expected += piece;
  }
  file.commit();
  EXPECT_TRUE(read_file(folder / "f") == expected);
}

TEST(AtomicFile, StepsOverALeftover) {
  const TemporaryFolder folder;
  folder.write(fmt::format("f.{}.tmp", getpid()), "left by an earlier process with our number");
  write_file_atomically(folder / "f", bytes_of("x"));
  EXPECT_EQ(read_file(folder / "f"), "x");
}

TEST(AtomicFile, SaysWhyItCannotBeWritten) {
  const TemporaryFolder folder;
  const auto error = [](const std::filesystem::path& path) {
    return error_of([&] { write_file_atomically(path, bytes_of("x")); });
  };
  EXPECT_NE(error("/dev/full").find("/dev/full: writing: No space left on device"), std::string::npos);
  EXPECT_NE(error(folder / "no" / "f").find("No such file or directory"), std::string::npos);
  EXPECT_NE(error(folder.path()).find("found a directory"), std::string::npos);
  EXPECT_EQ(error("/dev/null"), "no error");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));  // written, not replaced
}

}  // namespace
}  // namespace pith
