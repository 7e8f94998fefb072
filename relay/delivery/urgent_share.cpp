#include "relay/delivery/urgent_share.hpp"

#include <algorithm>

namespace delivery {
namespace {

constexpr std::size_t one_in = 5;

}  // namespace

void UrgentShare::count(std::string_view app, Time now) { remember(window(app, now), now, false); }

bool UrgentShare::grant(std::string_view app, Time now) {
  Window& mail = window(app, now);
  const std::size_t with_it = mail.messages.size() + 1;
  const bool granted = mail.granted < std::max(first_few, with_it / one_in);
  remember(mail, now, granted);
  return granted;
}

/// The app's window, without what has left it.
UrgentShare::Window& UrgentShare::window(std::string_view app, Time now) {
  auto found = apps_.find(app);
  if (found == apps_.end()) {
    if (apps_.size() >= most_apps) {
      apps_.erase(std::ranges::min_element(apps_, {}, [](const auto& each) {
        return each.second.messages.back().at;  // each has counted at least one
      }));
    }
    found = apps_.try_emplace(std::string(app)).first;
  }
  Window& mail = found->second;
  while (!mail.messages.empty() && now - mail.messages.front().at >= window_length) {
    if (mail.messages.front().granted) --mail.granted;
    mail.messages.pop_front();
  }
  return mail;
}

void UrgentShare::remember(Window& mail, Time now, bool granted) {
  mail.messages.push_back({now, granted});
  if (granted) ++mail.granted;
  if (mail.messages.size() <= window_messages) return;
  if (mail.messages.front().granted) --mail.granted;
  mail.messages.pop_front();
}

}  // namespace delivery
