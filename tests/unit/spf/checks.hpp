#pragma once

#include "relay/domains/spf/evaluator.hpp"
#include "tests/spf/zone.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spf_tests {

/// This program as a child that misbehaves so (hostile_child.cpp).
domains::SpfChildCommand hostile(const std::string& way);

/// check_host() for foo@`domain`, sent by 192.0.2.1 that greets with mail.example.org.
domains::SpfQuestion question(const std::string& domain);

/// What became of one check.
struct Checked {
  policy::SpfVerdict verdict;
  std::vector<domains::SpfCheckEnd> ends;  ///< as counted: always one
};

/// One check on an executor of its own.
Checked check(domains::Resolver& resolver,
              domains::SpfQuestion question,
              domains::SpfLimits limits = {},
              domains::SpfChildCommand command = {});

/// Starts a coroutine on the context; an exception of it fails the test.
template <class Start>
void start(boost::asio::io_context& context, Start coroutine) {
  net::spawn(
      context.get_executor(),
      std::move(coroutine),
      [](std::string_view what) { FAIL_CHECK(std::string(what)); },
      [] {});
}

/// True when this process has no child, no dead one either.
bool has_no_children();

/// How many descriptors this process has open.
std::size_t open_descriptors();

}  // namespace spf_tests
