#pragma once

#include "relay/aws/ses_account.hpp"
#include "relay/delivery/account_figures.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace app {

/// What delivery goes by of what SES tells.
[[nodiscard]] delivery::AccountFigures figures_of(const aws::SesAccount& account,
                                                  std::string region);

/// What of an account's standing somebody is told of: that it is paused, shut down, under review,
/// in the sandbox, or has used four fifths of its daily quota; once when it begins, and once when
/// it is over (of the quota: below 70 %).
class AccountNews {
 public:
  /// `kept` is what an earlier kept() gave, so that a restart repeats nothing.
  AccountNews(std::string region, std::string_view kept);

  struct Change {
    std::string about;     ///< region and condition: `eu-central-1 paused`
    std::string sentence;  ///< with what to do
  };
  [[nodiscard]] std::vector<Change> learn(const aws::SesAccount& account);
  /// What has begun and is not over, as words.
  [[nodiscard]] std::string kept() const;

 private:
  std::string region_;
  std::set<std::string, std::less<>> begun_;
};

}  // namespace app
