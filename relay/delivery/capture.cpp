#include "relay/delivery/capture.hpp"

#include "relay/proto/data_framing.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include <fstream>
#include <system_error>

namespace delivery {
namespace {

namespace fs = std::filesystem;

bool write_whole(const fs::path& file, std::string_view octets) {
  const fs::path unfinished = file.string() + ".part";
  std::ofstream stream(unfinished, std::ios::binary | std::ios::trunc);
  stream.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  stream.close();
  std::error_code failed;
  if (stream) fs::rename(unfinished, file, failed);
  return stream && !failed;
}

std::string describe(const spool::Entry& entry) {
  boost::json::object object;
  object["queue_id"] = entry.id.text();
  object["app"] = entry.app;
  object["domain"] = entry.domain;
  object["mail_from"] = entry.envelope.reverse_path;
  object["rcpt_to"] =
      boost::json::array(entry.envelope.forward_paths.begin(), entry.envelope.forward_paths.end());
  object["size"] = entry.size;
  return boost::json::serialize(object) + "\n";
}

/// The message without its SMTP framing (RFC 5321 4.5.2).
std::string unframe(std::string_view framed) {
  smtp::ContentReader reader(framed.size());
  reader.feed(framed);
  return *reader.take();
}

}  // namespace

CaptureUpstream::CaptureUpstream(net::asio::any_io_executor executor,
                                 std::shared_ptr<net::asio::thread_pool> pool,
                                 fs::path directory)
    : executor_(std::move(executor)), pool_(std::move(pool)), directory_(std::move(directory)) {}

net::asio::awaitable<std::optional<Attempt>> CaptureUpstream::open() {
  std::error_code failed;
  // Reset links are read there; whoever made the folder before us has decided who may.
  if (fs::create_directories(directory_, failed))
    fs::permissions(directory_, fs::perms::others_all, fs::perm_options::remove, failed);
  if (!failed) co_return std::nullopt;
  Attempt attempt;
  attempt.phase = smtp::Phase::connect;
  attempt.closing = true;
  attempt.trouble =
      "cannot make the capture directory " + directory_.string() + ": " + failed.message();
  co_return attempt;
}

net::asio::awaitable<Attempt> CaptureUpstream::deliver(const spool::Job& job, Hooks& hooks) {
  Attempt attempt;
  attempt.phase = smtp::Phase::end_of_data;
  const std::string content = hooks.content(attempt.unsignable);
  if (content.empty()) {
    attempt.trouble = attempt.unsignable;
    co_return attempt;
  }
  const fs::path base = directory_ / job.entry.id.text();
  const std::string described = describe(job.entry);
  // Bound, because a plain post to the pool would come back to this coroutine's own executor at
  // once.
  co_await net::asio::post(net::asio::bind_executor(*pool_, net::asio::use_awaitable));
  const bool written = write_whole(base.string() + ".json", described) &&
                       write_whole(base.string() + ".eml", unframe(content));
  co_await net::asio::post(executor_, net::asio::use_awaitable);
  if (written) {
    attempt.reply = smtp::UpstreamReply{250, "Ok captured-" + job.entry.id.text()};
  } else {
    attempt.phase = smtp::Phase::connect;
    attempt.trouble = "cannot write into the capture directory " + directory_.string();
  }
  co_return attempt;
}

}  // namespace delivery
