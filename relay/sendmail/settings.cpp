#include "relay/sendmail/settings.hpp"

#include "relay/config/check.hpp"
#include "relay/config/files.hpp"
#include "relay/config/section.hpp"
#include "relay/config/values.hpp"
#include "relay/sendmail/addresses.hpp"

#include <fmt/format.h>
#include <sysexits.h>

#include <array>
#include <system_error>

namespace sendmail {
namespace {

using config::Key;
using config::Kind;
using config::ListenerTls;

constexpr std::array tls_words{config::Word<ListenerTls>{"none", ListenerTls::none},
                               config::Word<ListenerTls>{"starttls", ListenerTls::starttls},
                               config::Word<ListenerTls>{"implicit", ListenerTls::implicit}};

constexpr std::array failure_words{config::Word<int>{"75", EX_TEMPFAIL},
                                   config::Word<int>{"69", EX_UNAVAILABLE}};

constexpr std::array settings_keys{
    Key{"host", Kind::text, "127.0.0.1", "Host name or IP address of the relay."},
    Key{"port", Kind::integer, "2525", "TCP port of its SMTP listener.", 1, 65535},
    Key{"tls",
        Kind::choice,
        "none",
        "How TLS starts; the certificate is verified and must name `host`.",
        0,
        0,
        "none starttls implicit"},
    Key{"tls_ca_file",
        Kind::path,
        "the system's",
        "PEM: the roots that the relay's certificate is checked by."},
    Key{"username", Kind::secret, "none", "AUTH user name: the app's name."},
    Key{"password", Kind::secret, "none", "AUTH password: what `postern app add` printed."},
    Key{"from",
        Kind::text,
        "none",
        "Sender where the call has no `-f`, and From where the message has none."},
    Key{"domain",
        Kind::text,
        "that of `from`",
        "Is put behind addresses without one: `root` becomes `root@example.com`."},
    Key{"local_recipient",
        Kind::text,
        "none",
        "Who gets what is for a name without a domain, like cron's mail to `root`."},
    Key{"timeout", Kind::duration, "60s", "Bound on handing over one message.", 5, 600},
    Key{"temporary_failure",
        Kind::choice,
        "69",
        "Exit code where trying again may help. PHP 8.5 and later take 75 for success.",
        0,
        0,
        "75 69"},
};

std::string domain_of(std::string_view address) {
  return std::string(address.substr(address.rfind('@') + 1));
}

void read_address(const config::Section& section, std::string_view key, std::string& into) {
  section.read(key, into);
  if (into.empty()) return;
  const auto addresses = read_addresses(into);
  if (!addresses || addresses->size() != 1 || addresses->front().text != into ||
      !addresses->front().has_domain())
    section.mistake(key,
                    fmt::format("{} is no mail address: write one like web@example.com",
                                config::in_quotes(into)));
}

void read_host(const config::Section& section, std::string_view key, std::string& into) {
  section.read(key, into);
  if (section.has(key) && !config::is_host(into))
    section.mistake(key,
                    fmt::format("{} is no host name: write one like relay.example.com",
                                config::in_quotes(into)));
}

/// A password in clear text may go no further than this machine.
void read_credentials(const config::Section& section, Settings& settings) {
  section.read_secret("username", settings.username);
  section.read_secret("password", settings.password);
  const auto has = [&section](const char* key) {
    return section.has(key) || section.has(fmt::format("{}_file", key));
  };
  if (has("username") != has("password"))
    section.mistake(has("username") ? "username" : "password",
                    "`username` and `password` go together: give both, or none");
  const bool here = settings.host == "localhost" || config::is_loopback(settings.host);
  if (has("password") && settings.tls == ListenerTls::none && !here)
    section.mistake("tls",
                    "the password would go to the relay in clear text: write `tls: starttls`");
}

Settings read_keys(const config::Section& section) {
  Settings settings;
  read_host(section, "host", settings.host);
  if (const auto port = section.integer("port")) settings.port = static_cast<std::uint16_t>(*port);
  section.read("tls", tls_words, settings.tls);
  section.read("tls_ca_file", settings.tls_ca_file);
  read_credentials(section, settings);
  read_address(section, "from", settings.from);
  if (!settings.from.empty()) settings.domain = domain_of(settings.from);
  read_host(section, "domain", settings.domain);
  read_address(section, "local_recipient", settings.local_recipient);
  section.read("timeout", settings.timeout);
  section.read("temporary_failure", failure_words, settings.temporary_failure);
  return settings;
}

Trouble trouble_of(const std::vector<config::Mistake>& mistakes,
                   const std::filesystem::path& file) {
  std::string sentence;
  for (const config::Mistake& mistake : mistakes)
    sentence += (sentence.empty() ? "" : "\n") + config::describe(file, mistake);
  return {EX_CONFIG, sentence};
}

}  // namespace

int Settings::exit_code(int code) const noexcept {
  return code == EX_TEMPFAIL ? temporary_failure : code;
}

std::string Settings::relay() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

config::KeyTable keys() noexcept { return settings_keys; }

Result<Settings> read_settings_text(std::string_view text, const std::filesystem::path& file) {
  const config::Tree tree = config::read_tree(text);
  if (!tree.root || !tree.mistakes.empty()) return trouble_of(tree.mistakes, file);
  config::Findings findings;
  config::check_tree(*tree.root, settings_keys, findings);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  Settings settings = read_keys(config::Section(&*tree.root, folder, findings));
  if (!findings.mistakes.empty()) return trouble_of(findings.mistakes, file);
  return settings;
}

Result<Settings> read_settings(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) return Settings();
  const auto read = config::read_file(file, config::max_file_octets);
  if (!read) return Trouble(EX_CONFIG, read.error().sentence());
  return read_settings_text(read->text, file);
}

}  // namespace sendmail
