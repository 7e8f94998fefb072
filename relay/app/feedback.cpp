#include "relay/app/feedback.hpp"

#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

namespace app {
namespace {

constexpr std::size_t longest_certificate_file = feedback::longest_certificate;

feedback::SuppressionScope scope_of(const config::Config& settings) {
  return settings.suppression_scope == config::SuppressionScope::all
             ? feedback::SuppressionScope::all
             : feedback::SuppressionScope::app;
}

mail::Result<std::string> read_certificate(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string pem{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad() || pem.empty() || pem.size() > longest_certificate_file)
    return mail::failure("feedback.sns.certificate_file " + file.string() +
                         " cannot be read: give a PEM certificate.");
  return mail::Result<std::string>(boost::system::in_place_value, std::move(pem));
}

}  // namespace

Feedback::Feedback(Parts parts, const config::Config& settings)
    : parts_(std::move(parts)),
      settings_(settings.feedback),
      list_(scope_of(settings)),
      booker_({parts_.store,
               list_,
               parts_.metrics.feedback(),
               parts_.log,
               parts_.clock,
               parts_.relay_tag,
               parts_.prove,
               parts_.came_back,
               parts_.newly_suppressed,
               parts_.altered}) {}

Feedback::~Feedback() { stop(); }

mail::Result<std::unique_ptr<Feedback>> Feedback::make(Parts parts,
                                                       const config::Config& settings,
                                                       const std::vector<spool::Tally>& tallies) {
  std::unique_ptr<Feedback> feedback(new Feedback(std::move(parts), settings));
  for (const spool::Tally& tally : tallies)
    feedback->parts_.metrics.feedback().restore(tally.family, tally.labels, tally.count);
  feedback->open_queue();
  if (auto opened = feedback->open_certificates(); !opened) return opened.error();
  return feedback;
}

void Feedback::open_queue() {
  const config::Sqs& queue = settings_.sqs;
  if (queue.queue_url.empty()) return;
  sqs_ = std::make_unique<aws::SqsApi>(
      *parts_.aws.http,
      *parts_.aws.credentials,
      aws::SqsApi::Queue{queue.queue_url, queue.region, queue.endpoint});
  reader_ = std::make_unique<feedback::SqsReader>(feedback::SqsReader::Parts{
      parts_.executor, *sqs_, parts_.clock, parts_.log, parts_.sink, [this](feedback::Event event) {
        return booker_.take(std::move(event));
      }});
}

mail::Result<void> Feedback::open_certificates() {
  if (settings_.sns.topic_arns.empty()) return {};
  if (settings_.sns.certificate_file.empty()) {
    certificates_ = std::make_unique<feedback::SnsCertificates>(
        [this](aws::HttpRequest request) { return parts_.aws.http->send(std::move(request)); },
        parts_.clock);
    return {};
  }
  const auto pem = read_certificate(settings_.sns.certificate_file);
  if (!pem) return pem.error();
  auto key = feedback::SigningKey::read(*pem, parts_.clock.now());
  if (!key) return mail::failure("feedback.sns.certificate_file: " + key.error().sentence());
  certificates_ = std::make_unique<feedback::SnsCertificates>(std::move(*key));
  return {};
}

void Feedback::start() {
  net::spawn(
      parts_.executor, [this] { return load_list(); }, parts_.sink, [] {});
  if (reader_) reader_->start();
}

doctor::FeedSeen Feedback::seen() const {
  doctor::FeedSeen seen;
  seen.topics = !settings_.sns.topic_arns.empty();
  if (reader_) seen.queue = reader_->standing();
  seen.last_post = last_post_;
  return seen;
}

void Feedback::stop() {
  if (reader_) reader_->stop();
}

void Feedback::reload(const config::Config& settings) { list_.scope(scope_of(settings)); }

/// The addresses are on the list until then all the same, but mail to them may be taken.
net::asio::awaitable<void> Feedback::load_list() {
  if (!co_await list_.load(parts_.store))
    parts_.log.error(
        "the list of suppressed addresses could not be read: mail to them may go out until the "
        "relay is started again");
}

net::Suppressions Feedback::suppressions() const {
  return {[this](std::string_view app) { return list_.any(app); },
          [this](std::string_view app, std::string_view forward_path) {
            return list_.has(app, forward_path, parts_.clock.now());
          }};
}

void Feedback::suppress(std::vector<spool::Suppressed> records,
                        spool::AuditRecord audit,
                        std::function<void(bool)> done) {
  auto changed = [this, records, done = std::move(done)](bool stored) {
    if (stored)
      for (const spool::Suppressed& each : records) list_.take(each);
    done(stored);
  };
  parts_.store.suppress(std::move(records), std::move(audit), std::move(changed));
}

/// Nothing of a post is believed, and nothing is done for it, before its signature is verified.
net::asio::awaitable<http::SnsAnswer> Feedback::take_post(std::string body) {
  if (!certificates_) co_return http::SnsAnswer{403, "No topic is configured."};
  auto admitted = feedback::admit_post(body, settings_.sns.topic_arns, parts_.clock.now());
  if (!admitted) co_return refused(403, admitted.error().sentence());
  const auto key = co_await certificates_->key(admitted->certificate_url());
  if (!key) co_return http::SnsAnswer{503, key.error().sentence()};
  auto verified = feedback::verify(std::move(*admitted), *key);
  if (!verified) co_return refused(403, verified.error().sentence());
  co_return co_await take_verified(std::move(*verified));
}

http::SnsAnswer Feedback::refused(unsigned status, std::string sentence) {
  parts_.metrics.feedback().discarded(observe::Discarded::unverified);
  return {status, std::move(sentence)};
}

net::asio::awaitable<http::SnsAnswer> Feedback::take_verified(feedback::VerifiedMessage message) {
  if (message->type == feedback::SnsType::subscription_confirmation)
    co_return co_await confirm(message);
  if (message->type == feedback::SnsType::unsubscribe_confirmation) {
    parts_.log.warn("SNS was told to post the topic no more", {{"topic", message->topic_arn}});
    co_return http::SnsAnswer{200, "Noted."};
  }
  auto reading = feedback::read_event(message->message);
  auto* event = std::get_if<feedback::Event>(&reading);
  if (event == nullptr) {
    const bool setup = std::holds_alternative<feedback::Setup>(reading);
    parts_.metrics.feedback().discarded(setup ? observe::Discarded::setup
                                              : observe::Discarded::unreadable);
    co_return http::SnsAnswer{200, "Not an event of a message."};
  }
  const auto taken = co_await booker_.take(std::move(*event));
  if (taken == feedback::Taken::booked || taken == feedback::Taken::duplicate)
    last_post_ = parts_.clock.now();
  // What is never ours is taken all the same: SNS would only bring it again.
  if (taken == feedback::Taken::failed)
    co_return http::SnsAnswer{503, "The event could not be stored: send it again later."};
  co_return http::SnsAnswer{200, "Taken."};
}

/// By the address that we build: that in the post is not asked.
net::asio::awaitable<http::SnsAnswer> Feedback::confirm(const feedback::VerifiedMessage& message) {
  if (!parts_.aws.http)
    co_return http::SnsAnswer{503, "The relay has no way to AWS: confirm the subscription there."};
  aws::HttpRequest request;
  request.url = message.confirmation_url();
  const auto answer = co_await parts_.aws.http->send(std::move(request));
  if (!answer || answer->status != 200) {
    const std::string why =
        answer ? "status " + std::to_string(answer->status) : answer.error().sentence();
    parts_.log.error("the subscription of an SNS topic could not be confirmed",
                     {{"topic", message->topic_arn}, {"why", why}});
    co_return http::SnsAnswer{503, "The subscription could not be confirmed: send it again later."};
  }
  parts_.log.info("the subscription of an SNS topic is confirmed", {{"topic", message->topic_arn}});
  co_return http::SnsAnswer{200, "Confirmed."};
}

void Feedback::show() { parts_.metrics.feedback().suppressed(list_.prune(parts_.clock.now())); }

}  // namespace app
