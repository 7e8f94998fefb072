#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace config {

inline constexpr int max_durations = 4;  ///< in a list of them

/// What may stand behind a key.
enum class Kind : std::uint8_t {
  map,
  map_or_list,  ///< one map, or a list of maps
  list_of_maps,
  list_of_maps_or_endpoints,
  list_of_texts,
  list_of_networks,
  list_of_choices,
  list_of_durations,
  text,
  secret,  ///< a text never shown; the same key with `_file` names a file that holds it
  path,
  endpoint,
  integer,
  rate,   ///< a number, or `auto`
  ratio,  ///< a share, above 0 and below 1
  boolean,
  size,
  duration,
  choice,
  fixed,    ///< only `preset` yet: the feature behind other values has not landed
  awaited,  ///< the feature has not landed yet
};

/// A row of the one table of keys: the reader, docs/configuration.md and conf/postern.schema.json
/// all follow it.
struct Key {
  std::string_view path;  ///< from the root, `[]` after a list: `listen.smtp[].tls`
  Kind kind = Kind::text;
  std::string_view preset;   ///< what is so when the key is left out, as the documentation shows it
  std::string_view meaning;  ///< for the documentation
  /// Integer; size in octets; duration in seconds, also in a list of at most max_durations; of
  /// other lists `most` is how many, 0 any number.
  std::int64_t least = 0, most = 0;
  std::string_view choices = {};  ///< separated by spaces
  std::string_view awaited = {};  ///< choices whose feature has not landed yet

  [[nodiscard]] std::string_view name() const noexcept;  ///< the last word of the path
  [[nodiscard]] std::string_view parent()
      const noexcept;  ///< the path before it, "" for a key of the root
};

/// Every key of postern.yml, a parent before its children.
[[nodiscard]] std::span<const Key> keys() noexcept;

/// The keys of one kind of file: keys(), or those of sendmail's own.
using KeyTable = std::span<const Key>;

/// The key of that name under `parent` (`listen.smtp[]`), or null. The `_file` form of a secret is
/// not among them.
[[nodiscard]] const Key* find_key(KeyTable table,
                                  std::string_view parent,
                                  std::string_view name) noexcept;

/// The secret whose `_file` form is `name`, or null.
[[nodiscard]] const Key* find_secret_of_file(KeyTable table,
                                             std::string_view parent,
                                             std::string_view name) noexcept;

/// The names that may stand under `parent`, `_file` forms included, without those whose feature has
/// not landed.
[[nodiscard]] std::vector<std::string> names_under(KeyTable table, std::string_view parent);

/// What may stand behind the key, in words: "a duration from 1s to 7d".
[[nodiscard]] std::string describe_kind(const Key& key);

[[nodiscard]] std::vector<std::string_view> words_of(std::string_view separated_by_spaces);

}  // namespace config
