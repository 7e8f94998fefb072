#include "relay/config/key_table.hpp"

#include <array>

namespace config::key_table {
namespace {

constexpr std::array process_keys{
    Key{"threads", Kind::integer, "0", "I/O threads; 0 is one for each core, at most 4.", 0, 64},
    Key{"drain",
        Kind::duration,
        "25s",
        "How long SIGTERM lets sessions and deliveries end.",
        0,
        hour},
    Key{"hostname", Kind::text, "the machine's name", "The name in the greeting and in EHLO."},
    Key{"data_dir",
        Kind::path,
        "/var/lib/postern",
        "Spool, state and keys; locked by one process for its life."},
    Key{"data_dir_durable",
        Kind::boolean,
        "true",
        "false (an emptyDir): nothing that must outlive the directory is generated in it, so each "
        "domain needs `key_file`."},
    Key{"store", Kind::fixed, "sqlite", "Where accepted mail is kept."},
    Key{"store_password", Kind::awaited, "", "The password of a PostgreSQL store."},
    Key{"store_password_file", Kind::awaited, "", "A file that holds it."},
    Key{"master_key_file",
        Kind::path,
        "data_dir/master.key, made at the first start",
        "The key that seals private keys in the store: 32 octets in base64."},
};

}  // namespace

std::span<const Key> process() noexcept { return process_keys; }

}  // namespace config::key_table
