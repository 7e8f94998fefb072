#include "mail/date_time.hpp"

#include <cstdio>
#include <ctime>

namespace mail {

/// Not by strftime, which follows the locale.
std::string date_time(std::chrono::system_clock::time_point at) {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  const int length = std::snprintf(text,
                                   sizeof text,
                                   "%s, %d %s %d %02d:%02d:%02d +0000",
                                   days[utc.tm_wday],
                                   utc.tm_mday,
                                   months[utc.tm_mon],
                                   utc.tm_year + 1900,
                                   utc.tm_hour,
                                   utc.tm_min,
                                   utc.tm_sec);
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace mail
