#pragma once

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace mail {

/// Why something could not be had: one sentence for the person who must act, saying what to change.
/// Not an aggregate and default constructible, because boost::system::result needs both; made by
/// failure() alone, so that a Result<std::string> can be returned as a string.
class Failure {
 public:
  Failure() = default;
  [[nodiscard]] const std::string& sentence() const noexcept { return sentence_; }

 private:
  friend Failure failure(std::string sentence);
  explicit Failure(std::string sentence) : sentence_(std::move(sentence)) {}
  std::string sentence_;
};

/// What `Result::value()` throws when there is none: only start-up and tests let it.
[[noreturn]] inline void throw_exception_from_error(const Failure& failure,
                                                    const boost::source_location& /*where*/) {
  throw std::runtime_error(failure.sentence());
}

/// A value or the Failure that explains its absence. Only what std::expected also has is used.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Failure> {
 public:
  using boost::system::result<T, Failure>::result;
};

/// Shorthand: `return mail::failure("The key file is readable by others: chmod 600 it.");`
[[nodiscard]] inline Failure failure(std::string sentence) { return Failure(std::move(sentence)); }

}  // namespace mail
