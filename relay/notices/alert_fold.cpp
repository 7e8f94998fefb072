#include "relay/notices/alert_fold.hpp"

#include <utility>

namespace notices {

std::optional<ToldAlert> AlertFold::take(Alert alert, Time now) {
  Key key(alert.kind, alert.app, alert.about);
  if (!topics_.contains(key) && topics_.size() >= most_topics) {
    forget(now);
    if (topics_.size() >= most_topics) return std::nullopt;
  }
  Topic& topic = topics_[std::move(key)];
  topic.more += topic.waiting ? 1 : 0;
  topic.waiting = std::move(alert);
  if (!may_tell(topic, now)) return std::nullopt;
  return tell(topic, now);
}

std::vector<ToldAlert> AlertFold::due(Time now) {
  std::vector<ToldAlert> due;
  for (auto& [key, topic] : topics_)
    if (topic.waiting && may_tell(topic, now)) due.push_back(tell(topic, now));
  forget(now);
  return due;
}

bool AlertFold::may_tell(const Topic& topic, Time now) {
  while (!told_.empty() && told_.front() + quiet <= now) told_.pop_front();
  return told_.size() < most_an_hour && (!topic.told || *topic.told + quiet <= now);
}

ToldAlert AlertFold::tell(Topic& topic, Time now) {
  told_.push_back(now);
  topic.told = now;
  ToldAlert told{std::move(*topic.waiting), std::exchange(topic.more, 0)};
  topic.waiting.reset();
  return told;
}

/// Of which nothing is to be told any more.
void AlertFold::forget(Time now) {
  std::erase_if(topics_, [now](const auto& each) {
    const Topic& topic = each.second;
    return !topic.waiting && topic.told && *topic.told + quiet <= now;
  });
}

}  // namespace notices
