#include "relay/config/config.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace config {
namespace {

bool same(const Endpoint& a, const Endpoint& b) {
  return a.address == b.address && a.port == b.port;
}

bool same(const SmtpListener& a, const SmtpListener& b) {
  return same(a.endpoint, b.endpoint) && a.tls == b.tls && a.app == b.app && a.allow == b.allow;
}

bool same(const HttpListener& a, const HttpListener& b) {
  return same(a.endpoint, b.endpoint) && a.health == b.health && a.metrics == b.metrics &&
         a.api == b.api && a.sns == b.sns && a.tls == b.tls;
}

bool same(const Queue& a, const Queue& b) {
  return a.retry_first == b.retry_first && a.retry_max == b.retry_max && a.expire == b.expire &&
         a.expire_urgent == b.expire_urgent && a.hold_expire == b.hold_expire;
}

bool same(const Dns& a, const Dns& b) {
  return std::ranges::equal(
             a.servers, b.servers, [](const auto& x, const auto& y) { return same(x, y); }) &&
         a.timeout == b.timeout && a.dnssec == b.dnssec && a.private_servers == b.private_servers;
}

bool same(const Aws& a, const Aws& b) {
  return a.region == b.region && a.access_key_id.reveal() == b.access_key_id.reveal() &&
         a.secret_access_key.reveal() == b.secret_access_key.reveal() && a.endpoint == b.endpoint &&
         a.identities == b.identities;
}

bool same(const Feedback& a, const Feedback& b) {
  return a.sqs.queue_url == b.sqs.queue_url && a.sqs.region == b.sqs.region &&
         a.sqs.endpoint == b.sqs.endpoint && a.sns.topic_arns == b.sns.topic_arns &&
         a.sns.certificate_file == b.sns.certificate_file;
}

bool same(const InDoubt& a, const InDoubt& b) { return a.action == b.action && a.wait == b.wait; }

template <class Listener>
bool same(const std::vector<Listener>& a, const std::vector<Listener>& b) {
  return std::ranges::equal(
      a, b, [](const Listener& left, const Listener& right) { return same(left, right); });
}

}  // namespace

std::vector<std::string> unchangeable(const Config& before, const Config& after) {
  std::vector<std::string> sentences;
  const auto note = [&sentences](bool is_same, std::string_view key) {
    if (!is_same)
      sentences.push_back(fmt::format("`{}` cannot change while the relay runs: restart it", key));
  };
  note(before.threads == after.threads, "threads");
  note(before.hostname == after.hostname, "hostname");
  note(before.data_dir == after.data_dir, "data_dir");
  note(before.master_key_file == after.master_key_file, "master_key_file");
  note(same(before.dns, after.dns), "dns");
  note(same(before.aws, after.aws), "aws");
  note(same(before.feedback, after.feedback), "feedback");
  note(before.data_dir_durable == after.data_dir_durable, "data_dir_durable");
  note(same(before.smtp, after.smtp), "listen.smtp");
  note(same(before.http, after.http), "listen.http");
  note(before.socket == after.socket, "listen.socket");
  note(std::ranges::equal(before.upstreams, after.upstreams, {}, &Upstream::name, &Upstream::name),
       "upstream.name");
  note(std::ranges::equal(before.upstreams, after.upstreams, {}, &Upstream::kind, &Upstream::kind),
       "upstream.kind");
  note(same(before.queue, after.queue), "queue");
  note(same(before.in_doubt, after.in_doubt), "in_doubt");
  note(before.spool_reserve == after.spool_reserve &&
           before.spool_keep_size == after.spool_keep_size,
       "spool");
  return sentences;
}

}  // namespace config
