#pragma once

#include "tests/crash/workload.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace crash {

/// Opens the spool that a crash after `cut` operations of the story left in `directory`, and holds
/// it against the story: each message that was answered stored is there with all its octets or
/// settled as asked, none is there that was not sent in, none is given out that is not whole, a
/// message is given up exactly when its notice is there, notes are as they were, each write of
/// documents is there whole with its record if it was answered stored, else whole or not at all,
/// and opening it once more changes nothing. Gives what is wrong, or nothing.
std::string judge(const Story& story, std::size_t cut, const std::filesystem::path& directory);

}  // namespace crash
