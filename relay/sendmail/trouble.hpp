#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace sendmail {

/// Why nothing was sent: the exit code of <sysexits.h>, and one sentence that says what to change.
class Trouble {
 public:
  Trouble() = default;
  Trouble(int exit_code, std::string sentence)
      : exit_code_(exit_code), sentence_(std::move(sentence)) {}
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }
  [[nodiscard]] const std::string& sentence() const noexcept { return sentence_; }

 private:
  int exit_code_ = 0;
  std::string sentence_;
};

inline constexpr std::size_t max_shown_octets = 60;  ///< of the caller's text, in a sentence

/// A value, or the Trouble that explains its absence.
template <class T>
using Result = boost::system::result<T, Trouble>;

/// What `Result::value()` throws when there is none: only tests let it.
[[noreturn]] inline void throw_exception_from_error(const Trouble& trouble,
                                                    const boost::source_location& /*where*/) {
  throw std::runtime_error(trouble.sentence());
}

}  // namespace sendmail
