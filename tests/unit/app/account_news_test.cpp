#include "relay/app/account_news.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace app {
namespace {

aws::SesAccount healthy() {
  aws::SesAccount account;
  account.enforcement = aws::Enforcement::healthy;
  account.production_access = account.sending_enabled = true;
  account.max_in_24_hours = 1000;
  account.max_rate = 14;
  return account;
}

aws::SesAccount changed(auto change) {
  aws::SesAccount account = healthy();
  change(account);
  return account;
}

aws::SesAccount sent(double recipients) {
  return changed([&](aws::SesAccount& account) { account.sent_in_24_hours = recipients; });
}

bool says(const std::vector<AccountNews::Change>& changes, std::string_view words) {
  return changes.size() == 1 && changes.front().sentence.find(words) != std::string::npos &&
         changes.front().sentence.find("eu-west-1") != std::string::npos;
}

struct Row {
  const char* what;
  aws::SesAccount account;
  const char *begun, *over;
};

std::vector<Row> rows() {
  using aws::Enforcement;
  return {
      {"paused",
       changed([](aws::SesAccount& account) { account.sending_enabled = false; }),
       "paused",
       "send again"},
      {"shutdown",
       changed([](aws::SesAccount& account) {
         account.sending_enabled = false;
         account.enforcement = Enforcement::shutdown;
       }),
       "shut",
       "shutdown of the account"},
      {"under review",
       changed([](aws::SesAccount& account) { account.enforcement = Enforcement::probation; }),
       "under review",
       "review of the account"},
      {"sandbox",
       changed([](aws::SesAccount& account) { account.production_access = false; }),
       "production access",
       "has left SES's sandbox"},
      {"quota", sent(800), "800 of the 1000", "well below its quota"},
  };
}

}  // namespace

TEST_SUITE("relay/app/account_news") {
  TEST_CASE("each trouble is told once when it begins and once when it is over") {
    for (const Row& row : rows()) {
      CAPTURE(row.what);
      AccountNews news("eu-west-1", "");
      CHECK(news.learn(healthy()).empty());
      CHECK(says(news.learn(row.account), row.begun));
      CHECK(news.learn(row.account).empty());
      CHECK(says(news.learn(healthy()), row.over));
      CHECK(news.learn(healthy()).empty());
    }
  }

  TEST_CASE("a restart repeats nothing, and tells what ended meanwhile") {
    for (const Row& row : rows()) {
      CAPTURE(row.what);
      AccountNews before("eu-west-1", "");
      CHECK(before.learn(row.account).size() == 1);
      AccountNews after("eu-west-1", before.kept());
      CHECK(after.learn(row.account).empty());
      CHECK(says(after.learn(healthy()), row.over));
      CHECK(after.kept().empty());
    }
  }

  TEST_CASE("words that no version kept are nothing") {
    AccountNews news("eu-west-1", "paused nonsense");
    CHECK(news.kept() == "paused");
  }

  TEST_CASE("the quota is told of at 80 % and again only after it was below 70 %") {
    AccountNews news("eu-west-1", "");
    CHECK(news.learn(sent(799)).empty());
    CHECK(news.learn(sent(800)).front().about == "eu-west-1 quota");
    CHECK(news.learn(sent(750)).empty());
    CHECK(news.learn(sent(810)).empty());
    CHECK(says(news.learn(sent(699)), "699 of 1000"));
    CHECK(news.learn(sent(799)).empty());
    CHECK(news.learn(sent(900)).size() == 1);
  }

  TEST_CASE("an account without a limit never nears it") {
    AccountNews news("eu-west-1", "");
    CHECK(news.learn(changed([](aws::SesAccount& account) {
                account.max_in_24_hours.reset();
                account.sent_in_24_hours = 1e9;
              }))
              .empty());
  }

  TEST_CASE("delivery goes by rate, quota, and what all senders of the account sent") {
    const auto figures = figures_of(sent(250), "eu-west-1");
    CHECK(figures.account == "eu-west-1");
    CHECK(figures.max_rate == 14);
    CHECK(figures.quota == 1000);
    CHECK(figures.sent == 250);
    CHECK_FALSE(figures.pause);
    CHECK_FALSE(figures.sandbox);
    CHECK_FALSE(figures.under_review);
  }

  TEST_CASE("delivery learns of a pause, of the sandbox and of a review") {
    const auto all = rows();
    CHECK(figures_of(all[0].account, "").pause == policy::Reason::account_paused);
    CHECK(figures_of(all[1].account, "").pause == policy::Reason::account_paused);
    CHECK(figures_of(all[2].account, "").under_review);
    CHECK(figures_of(all[3].account, "").sandbox);
  }

  TEST_CASE("no limit is none, and figures that make no sense are no more than large or 0") {
    const auto figures = figures_of(changed([](aws::SesAccount& account) {
                                      account.max_in_24_hours.reset();
                                      account.max_rate = 0;
                                      account.sent_in_24_hours = -3;
                                    }),
                                    "");
    CHECK_FALSE(figures.quota);
    CHECK_FALSE(figures.max_rate);
    CHECK(figures.sent == 0);
  }
}

}  // namespace app
