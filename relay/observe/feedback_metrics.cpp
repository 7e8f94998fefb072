#include "relay/observe/feedback_metrics.hpp"

#include "relay/observe/metric_rows.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace observe {
namespace {

constexpr std::string_view discarded_word(Discarded what) noexcept {
  switch (what) {
    case Discarded::foreign:
      return "foreign";
    case Discarded::other_relay:
      return "other_relay";
    case Discarded::setup:
      return "setup";
    case Discarded::unreadable:
      return "unreadable";
    case Discarded::unverified:
      return "unverified";
  }
  return "";
}

}  // namespace

FeedbackMetrics::FeedbackMetrics(prometheus::Registry& registry)
    : registry_(registry),
      discarded_(family(registry, prometheus::BuildCounter(), "feedback_discarded_total")),
      last_event_(
          family(registry, prometheus::BuildGauge(), "feedback_last_event_timestamp_seconds")
              .Add({})),
      suppressed_(family(registry, prometheus::BuildGauge(), "suppressed_addresses").Add({})),
      bounce_ratio_(family(registry, prometheus::BuildGauge(), "bounce_ratio")),
      complaint_ratio_(family(registry, prometheus::BuildGauge(), "complaint_ratio")),
      signature_altered_(
          family(registry, prometheus::BuildCounter(), "signature_altered_total").Add({})) {
  for (const Discarded what : {Discarded::foreign,
                               Discarded::other_relay,
                               Discarded::setup,
                               Discarded::unreadable,
                               Discarded::unverified})
    discarded_.Add({{"cause", std::string(discarded_word(what))}});
}

void FeedbackMetrics::declare(std::string_view app) {
  bounce_ratio_.Add({{"app", std::string(app)}});
  complaint_ratio_.Add({{"app", std::string(app)}});
}

void FeedbackMetrics::count(std::string_view name,
                            std::span<const std::string> labels,
                            std::uint64_t by) {
  const auto names = label_names(metric_row(name).labels);
  if (names.size() != labels.size()) throw std::logic_error("labels of " + std::string(name));
  prometheus::Labels values;
  for (std::size_t i = 0; i < names.size(); ++i) values[names[i]] = labels[i];
  family(registry_, prometheus::BuildCounter(), name)
      .Add(values)
      .Increment(static_cast<double>(by));
}

void FeedbackMetrics::restore(std::string_view name,
                              std::span<const std::string> labels,
                              std::uint64_t by) {
  const auto row = std::ranges::find(metric_list(), name, &MetricRow::name);
  if (row != metric_list().end() && label_names(row->labels).size() == labels.size())
    count(name, labels, by);
}

void FeedbackMetrics::discarded(Discarded what) {
  discarded_.Add({{"cause", std::string(discarded_word(what))}}).Increment();
}
void FeedbackMetrics::last_event(std::chrono::system_clock::time_point at) {
  last_event_.Set(std::chrono::duration<double>(at.time_since_epoch()).count());
}
void FeedbackMetrics::suppressed(std::size_t addresses) {
  suppressed_.Set(static_cast<double>(addresses));
}
void FeedbackMetrics::ratios(std::string_view app, double bounces, double complaints) {
  bounce_ratio_.Add({{"app", std::string(app)}}).Set(bounces);
  complaint_ratio_.Add({{"app", std::string(app)}}).Set(complaints);
}
void FeedbackMetrics::signature_altered() { signature_altered_.Increment(); }

}  // namespace observe
