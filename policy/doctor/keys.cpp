#include "policy/doctor/finding.hpp"
#include "policy/doctor/published_key.hpp"
#include "policy/record_plan.hpp"

#include <algorithm>

namespace policy::doctor {
namespace {

/// One selector's record.
class Selector {
 public:
  Selector(const Case& c, const SelectorSetup& selector)
      : case_(c), selector_(selector), wanted_(key_record(c.setup, selector)) {
    texts_ = c.dns.texts(wanted_.name, wanted_.type);
    std::copy_if(texts_.begin(), texts_.end(), std::back_inserter(keys_), looks_like_key);
  }

  [[nodiscard]] Finding judge() const {
    Finding finding{.result = result_without(case_.dns.look(wanted_.name, wanted_.type))};
    if (finding.result != CheckResult::bad) return finding;
    auto mistake = published_mistake();
    if (!mistake) return {CheckResult::good, advice()};
    finding.diagnoses.push_back(std::move(*mistake));
    return finding;
  }

 private:
  [[nodiscard]] std::optional<Mistake> fault(std::string_view text) const {
    return key_fault(text, selector_, case_.setup.selectors);
  }

  [[nodiscard]] std::optional<Diagnosis> published_mistake() const {
    if (auto halves = in_two_records()) return halves;
    if (keys_.empty()) return absent();
    if (keys_.size() > 1)
      return diagnosis(wanted_, Mistake::two_keys, keys_.front(), all_but_ours());
    const auto test = case_.verdicts.key_tests.find(selector_.selector);
    const bool tested = test != case_.verdicts.key_tests.end();
    if (tested && test->second) return std::nullopt;
    const auto mistake = fault(keys_.front());
    if (!mistake && !tested) return std::nullopt;
    if (auto other = in_the_way(case_, wanted_)) return other;
    return replacement(wanted_, mistake.value_or(Mistake::key_refused), keys_.front());
  }

  [[nodiscard]] std::vector<StandingRecord> all_but_ours() const {
    std::vector<StandingRecord> remove;
    for (const std::string& text : keys_)
      if (text != wanted_.value) remove.push_back(standing(wanted_.name, wanted_.type, text));
    return remove;
  }

  [[nodiscard]] std::optional<Diagnosis> in_two_records() const {
    constexpr std::size_t most = 5;  // foreign texts
    if (texts_.size() > most) return std::nullopt;
    for (const std::string& front : texts_) {
      for (const std::string& back : texts_) {
        if (&front == &back || !fault(front) || !fault(back) || fault(front + back)) continue;
        return diagnosis(wanted_,
                         Mistake::key_in_two_records,
                         front,
                         {standing(wanted_.name, wanted_.type, front),
                          standing(wanted_.name, wanted_.type, back)});
      }
    }
    return std::nullopt;
  }

  /// No key at the name: where else is it?
  [[nodiscard]] Diagnosis absent() const {
    const std::string& domain = case_.setup.name;
    const std::string& selector = selector_.selector;
    std::vector<Place> places = common_places(case_, wanted_.name);
    places.push_back({selector + '.' + domain, Mistake::domainkey_missing});
    places.push_back({"_domainkey." + domain, Mistake::selector_missing});
    places.push_back({selector + ".domainkey." + domain, Mistake::underscore_missing});
    places.push_back({domain, Mistake::label_left_out});
    places.push_back({"default._domainkey." + domain, Mistake::selector_wrong});
    for (const SelectorSetup& other : case_.setup.selectors) {
      if (other.selector != selector)
        places.push_back({other.selector + "._domainkey." + domain, Mistake::selector_wrong});
    }
    const auto fits = [this](std::string_view text) { return !fault(text); };
    const auto elsewhere = misplaced(case_, wanted_, places, fits);
    const auto other = in_the_way(case_, wanted_);
    if (elsewhere) return *elsewhere;
    return other ? *other : diagnosis(wanted_, Mistake::record_missing, "");
  }

  [[nodiscard]] std::vector<Diagnosis> advice() const {
    if (const auto mistake = key_advice(keys_.front()))
      return {replacement(wanted_, *mistake, keys_.front())};
    if (texts_.size() == keys_.size()) return {};
    std::vector<StandingRecord> remove;
    for (const std::string& text : texts_)
      if (text != keys_.front()) remove.push_back(standing(wanted_.name, wanted_.type, text));
    return {diagnosis(wanted_, Mistake::text_beside_key, remove.front().value, remove)};
  }

  const Case& case_;
  const SelectorSetup& selector_;
  WantedRecord wanted_;
  std::vector<std::string> texts_;  ///< at the name
  std::vector<std::string> keys_;   ///< those of them that are meant as keys
};

}  // namespace

Finding keys(const Case& c) {
  Finding all;
  std::vector<CheckResult> others;  // of selectors that do not sign
  bool signs = false;
  for (const SelectorSetup& selector : c.setup.selectors) {
    if (selector.removable) continue;
    Finding one = Selector(c, selector).judge();
    if (selector.signs && !signs) all.result = one.result;
    if (!selector.signs) others.push_back(one.result);
    signs = signs || selector.signs;
    const auto place = selector.signs ? all.diagnoses.begin() : all.diagnoses.end();
    all.diagnoses.insert(place, one.diagnoses.begin(), one.diagnoses.end());
  }
  if (signs) return all;
  for (const CheckResult result : {CheckResult::good, CheckResult::silent, CheckResult::bad}) {
    if (std::find(others.begin(), others.end(), result) == others.end()) continue;
    all.result = result;
    break;
  }
  return all;
}

}  // namespace policy::doctor
