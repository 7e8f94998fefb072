#pragma once

#include "policy/notice_text.hpp"
#include "relay/spool/entry.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace notices {

/// Who may be told by mail.
struct Audience {
  bool mails = false;  ///< there is an address that mail comes from
  std::string operator_contact;
  std::map<std::string, std::string> contacts;  ///< of every app; empty where it has none
};

/// Has a letter delivered as mail of the relay's own, in the lane of an app (empty: of none). The
/// note is kept in the transaction that accepts it. `done` is called on the relay's executor:
/// false, and it was not stored.
using Mail = std::function<void(std::string app,
                                const policy::Letter& letter,
                                std::optional<spool::Note> note,
                                std::function<void(bool)> done)>;

}  // namespace notices
