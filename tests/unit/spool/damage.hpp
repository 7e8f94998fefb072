#pragma once

#include "relay/spool/queue_id.hpp"

#include <cstdint>
#include <filesystem>

/// What a bad disk does to the file of a closed spool: below the tables, at its pages.
namespace damage {

/// Where the octets of this entry (20 KiB at least) go on beyond the page that they begin in.
std::int64_t octets_go_on_at(const std::filesystem::path& directory, spool::QueueId id);
/// Makes them go on at a page that cannot be.
void break_octets(const std::filesystem::path& directory, spool::QueueId id);
/// Spoils the page that the entry's row stands in, with its neighbours'.
void break_row(const std::filesystem::path& directory, spool::QueueId id);

}  // namespace damage
