#pragma once

#include <prometheus/family.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace observe {

/// The series of a labelled family. Finding a known one takes no lock and builds no string: nodes
/// are only ever added, at the front of their bucket. What a client could have chosen cannot become
/// a label: see `usable`.
template <class Metric>
class Series {
 public:
  static constexpr std::size_t most = 8192;

  /// One or two label names.
  Series(prometheus::Family<Metric>& family, std::vector<std::string> labels)
      : family_(family), labels_(std::move(labels)) {}
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  /// The series of these label values; a value that is not usable counts as the empty one.
  Metric& of(std::string_view first, std::string_view second = {}) {
    const std::size_t bucket = hash(first, second) % buckets_.size();
    if (Metric* known = find(bucket, first, second)) return *known;
    if (!usable(first) || !usable(second))
      return of(usable(first) ? first : "", usable(second) ? second : "");
    return add(bucket, first, second);
  }

 private:
  struct Node {
    std::string first, second;
    Metric* metric;
    Node* next;
  };

  static bool usable(std::string_view value) noexcept {
    return value.size() <= 255 &&
           value.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:[]-") ==
               std::string_view::npos;
  }

  static std::size_t hash(std::string_view first, std::string_view second) noexcept {
    const std::hash<std::string_view> of_text;
    return of_text(first) * 31 + of_text(second);
  }

  Metric* find(std::size_t bucket, std::string_view first, std::string_view second) const noexcept {
    for (const Node* node = buckets_[bucket].load(std::memory_order_acquire); node != nullptr;
         node = node->next) {
      if (node->first == first && node->second == second) return node->metric;
    }
    return nullptr;
  }

  Metric& add(std::size_t bucket, std::string_view first, std::string_view second) {
    const std::lock_guard lock(adding_);
    if (Metric* known = find(bucket, first, second)) return *known;
    const bool full = nodes_.size() >= most;
    prometheus::Labels labels{{labels_[0], full ? "" : std::string(first)}};
    if (labels_.size() > 1) labels[labels_[1]] = full ? "" : std::string(second);
    Metric& metric = family_.Add(labels);
    if (full) return metric;
    Node* const next = buckets_[bucket].load(std::memory_order_relaxed);
    nodes_.push_back(
        std::make_unique<Node>(Node{std::string(first), std::string(second), &metric, next}));
    buckets_[bucket].store(nodes_.back().get(), std::memory_order_release);
    return metric;
  }

  prometheus::Family<Metric>& family_;
  const std::vector<std::string> labels_;
  std::mutex adding_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::array<std::atomic<Node*>, 256> buckets_{};
};

}  // namespace observe
