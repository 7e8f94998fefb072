#include "relay/app/probe.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace app {

namespace {

constexpr const char* simulator = "success@simulator.amazonses.com";

}  // namespace

spool::Job probe_of(const domains::Association& right, spool::WallTime now, std::uint32_t random) {
  const std::string from = "postern-check@" + right.domain;
  auto octets = std::make_shared<const std::string>(
      "From: <" + from + ">\r\nTo: " + simulator + "\r\nSubject: Has Amazon SES verified " +
      right.domain +
      "?\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
      "The mail relay asks Amazon SES whether it takes mail of this domain.\r\n");
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  spool::Job job;
  job.entry.id = spool::QueueId::make(milliseconds.count(), random);
  job.entry.app = right.app;
  job.entry.domain = right.domain;
  job.entry.association = right.number;
  job.entry.envelope.reverse_path = from;
  job.entry.envelope.forward_paths = {simulator};
  job.entry.size = octets->size();
  job.entry.notice = true;
  job.entry.accepted_at = job.entry.next_attempt = now;
  job.octets = std::move(octets);
  return job;
}

}  // namespace app
