#pragma once

#include "relay/http/server.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <string_view>

namespace http {

[[nodiscard]] inline Response json_response(const boost::json::object& body,
                                            unsigned status = 200) {
  return {.status = status,
          .content_type = "application/json",
          .body = boost::json::serialize(body) + "\n"};
}

[[nodiscard]] inline Response error_response(unsigned status, std::string_view sentence) {
  return json_response({{"error", sentence}}, status);
}

[[nodiscard]] inline Response store_is_silent() {
  return error_response(
      503, "The spool did not answer in time: try again, and look at the disk of data_dir.");
}

}  // namespace http
