#include "tests/unit/spool/damage.hpp"

#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>

namespace damage {
namespace {

constexpr std::size_t page_size = 4096;
constexpr char table_leaf = 0x0d;

/// The row of a table in its leaf page (SQLite's file format, 1.6).
struct Cell {
  std::size_t page;  ///< offset of the leaf
  std::size_t payload;
  std::uint64_t size;
  std::int64_t id;
};

std::uint64_t big_endian(const std::string& file, std::size_t at, std::size_t octets) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < octets; ++i)
    value = value << 8U | static_cast<unsigned char>(file.at(at + i));
  return value;
}

std::uint64_t varint(const std::string& file, std::size_t& at) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) {
    const auto octet = static_cast<unsigned char>(file.at(at++));
    value = value << 7U | (octet & 0x7fU);
    if (octet < 0x80U) return value;
  }
  return value << 8U | static_cast<unsigned char>(file.at(at++));
}

/// Where in the page a large row's pointer to its next page stands.
std::size_t pointer_of(const Cell& cell) {
  constexpr std::size_t least = (page_size - 12) * 32 / 255 - 23;
  const auto most = least + (cell.size - least) % (page_size - 4);
  return cell.payload + (most <= page_size - 35 ? most : least);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Calls `found` for the rows with this id that are, or are not, of the octets.
void each_row(const std::string& file,
              spool::QueueId id,
              bool octets,
              const std::function<void(const Cell&)>& found) {
  bool any = false;
  for (std::size_t page = page_size; page < file.size(); page += page_size) {
    if (file[page] != table_leaf) continue;
    for (std::size_t i = 0; i < big_endian(file, page + 3, 2); ++i) {
      auto at = page + big_endian(file, page + 8 + 2 * i, 2);
      Cell cell{page, 0, varint(file, at), 0};
      cell.id = static_cast<std::int64_t>(varint(file, at));
      cell.payload = at;
      if (cell.id != id.value() || (cell.size > 20'000) != octets) continue;
      found(cell);
      any = true;
    }
  }
  if (!any) throw std::runtime_error("the entry is not in the file");
}

/// Rewrites the file after `spoil` has seen each of the rows.
void rewrite(const std::filesystem::path& directory,
             spool::QueueId id,
             bool octets,
             const std::function<void(std::string&, const Cell&)>& spoil) {
  const auto path = directory / "spool.sqlite";
  auto file = read(path);
  const auto before = file;
  each_row(before, id, octets, [&](const Cell& cell) { spoil(file, cell); });
  std::ofstream(path, std::ios::binary) << file;
}

}  // namespace

std::int64_t octets_go_on_at(const std::filesystem::path& directory, spool::QueueId id) {
  const auto file = read(directory / "spool.sqlite");
  std::uint64_t page = 0;
  each_row(file, id, true, [&](const Cell& cell) { page = big_endian(file, pointer_of(cell), 4); });
  return static_cast<std::int64_t>((page - 1) * page_size);
}

void break_octets(const std::filesystem::path& directory, spool::QueueId id) {
  rewrite(directory, id, true, [](std::string& file, const Cell& cell) {
    file.replace(pointer_of(cell), 4, "\x7f\xff\xff\xff");
  });
}

void break_row(const std::filesystem::path& directory, spool::QueueId id) {
  rewrite(directory, id, false, [](std::string& file, const Cell& cell) { file[cell.page] = 0; });
}

}  // namespace damage
