#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/// A pipe that stands for standard error.
class Captured {
 public:
  explicit Captured(int capacity = 1 << 20) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    reader_ = ends[0];
    writer_ = ends[1];
    if (::fcntl(writer_, F_SETPIPE_SZ, capacity) < capacity)
      throw std::runtime_error("F_SETPIPE_SZ");
  }
  ~Captured() {
    close_reader();
    ::close(writer_);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  [[nodiscard]] int descriptor() const { return writer_; }

  /// Everything that is there now.
  std::string text() {
    pollfd readable{reader_, POLLIN, 0};
    std::array<char, 65536> chunk{};
    std::string all;
    while (::poll(&readable, 1, 0) > 0 && (readable.revents & POLLIN) != 0) {
      const ssize_t octets = ::read(reader_, chunk.data(), chunk.size());
      if (octets <= 0) break;
      all.append(chunk.data(), static_cast<std::size_t>(octets));
    }
    return all;
  }

  std::vector<std::string> lines() {
    std::vector<std::string> all;
    std::string rest = text();
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      all.push_back(rest.substr(0, end));
      rest.erase(0, end + 1);
    }
    return all;
  }

  void close_reader() {
    if (reader_ >= 0) ::close(std::exchange(reader_, -1));
  }

 private:
  int reader_ = -1, writer_ = -1;
};
