#include "relay/cli/settings.hpp"

#include <fmt/format.h>

#include <ostream>
#include <stdexcept>

namespace cli {

std::filesystem::path config_path(const std::filesystem::path& given) {
  if (!given.empty()) return given;
  const std::filesystem::path local = "conf/postern.yml";
  std::error_code ignored;
  return std::filesystem::exists(local, ignored) ? local : "/etc/postern/postern.yml";
}

config::Config read_settings(const std::filesystem::path& file) {
  config::Reading reading = config::read(file);
  if (reading.config) return *std::move(reading.config);
  throw std::runtime_error(fmt::format("{} (`postern check-config {}` shows all mistakes).",
                                       config::describe(file, reading.mistakes.front()),
                                       file.string()));
}

int check_config(const std::filesystem::path& file, std::ostream& out, std::ostream& err) {
  const config::Reading reading = config::read(file);
  for (const config::Mistake& mistake : reading.mistakes)
    err << config::describe(file, mistake) << '\n';
  for (const config::Mistake& warning : reading.warnings) {
    config::Mistake marked = warning;
    marked.text = "warning: " + warning.text;
    err << config::describe(file, marked) << '\n';
  }
  if (!reading.config) return 1;
  out << fmt::format("{}: good (SMTP listeners: {}, apps: {}, domains: {})\n",
                     file.string(),
                     reading.config->smtp.size(),
                     reading.config->apps.size(),
                     reading.config->domains.size());
  return 0;
}

}  // namespace cli
