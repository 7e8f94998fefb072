#include "relay/cli/inspect_command.hpp"

#include "policy/address.hpp"
#include "relay/cli/inspect.hpp"
#include "relay/cli/settings.hpp"
#include "relay/config/config.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <istream>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace cli {
namespace {

constexpr std::size_t max_file_octets = 100 * 1024 * 1024;

struct InspectOptions {
  std::string app;
  std::vector<std::string> domains;
  std::string mail_from;
  bool mail_from_given = false;
  std::vector<std::string> recipients;
  bool json = false;
  std::vector<std::string> files;
};

std::string without_angle_brackets(std::string_view path) {
  const bool bracketed = path.size() >= 2 && path.front() == '<' && path.back() == '>';
  return std::string(bracketed ? path.substr(1, path.size() - 2) : path);
}

/// What the command is given beside its options.
struct Given {
  std::function<std::filesystem::path()> config_path;
  MakePreflight preflight;
};

/// The question about mail of an app of the configuration.
Question ask_as_app(const std::string& name, const Given& given) {
  const std::filesystem::path file = given.config_path();
  const config::Config settings = read_settings(file);
  const auto facts = config::app_facts(settings);
  const auto found = facts.find(name);
  if (found == facts.end())
    throw CLI::ValidationError("--app",
                               fmt::format("no app is named `{}` in {}", name, file.string()));
  auto preflight = given.preflight(settings);
  if (!preflight) throw std::runtime_error(preflight.error().sentence());
  Question question;
  question.app = found->second;
  question.preflight = *std::move(preflight);
  return question;
}

Question ask_as_domains(const std::vector<std::string>& domains) {
  Question question;
  question.app.name = "inspect";
  for (const std::string& domain : domains) {
    auto name = policy::normal_domain(domain);
    if (!name) throw CLI::ValidationError("--domain", name.error().sentence());
    question.app.domains.push_back({*std::move(name), false, policy::DomainStatus::verified});
  }
  return question;
}

Question question_of(const InspectOptions& options, const Given& given) {
  Question question =
      options.app.empty() ? ask_as_domains(options.domains) : ask_as_app(options.app, given);
  question.judge_sender = !options.app.empty() || !options.domains.empty();
  for (const std::string& recipient : options.recipients)
    question.forward_paths.push_back(without_angle_brackets(recipient));
  if (!options.mail_from_given) return question;
  question.reverse_path = without_angle_brackets(options.mail_from);
  if (question.reverse_path->empty()) return question;
  const auto path = policy::parse_path(*question.reverse_path);
  if (!path) throw CLI::ValidationError("--mail-from", path.error().sentence);
  question.reverse_path = path->text();
  return question;
}

/// All octets of a stream, or a sentence that says why not.
mail::Result<std::string> octets_of(std::istream& stream) {
  std::string octets;
  std::array<char, 65536> block{};
  while (stream) {
    stream.read(block.data(), block.size());
    octets.append(block.data(), static_cast<std::size_t>(stream.gcount()));
    if (octets.size() > max_file_octets)
      return mail::failure("is larger than 100 MiB, no relay takes that");
  }
  if (stream.bad()) return mail::failure("cannot be read to its end");
  return octets;
}

mail::Result<std::string> octets_of_file(const std::string& file, std::istream& standard_input) {
  if (file == "-") return octets_of(standard_input);
  if (std::filesystem::is_directory(file))
    return mail::failure("is a directory: name the files in it");
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    return mail::failure(fmt::format("cannot be read ({})",
                                     std::error_code(errno, std::generic_category()).message()));
  return octets_of(stream);
}

/// Prints one line or table a file; gives 2 if one could not be read, else 0.
int inspect_files(const InspectOptions& options, const Question& question, Streams streams) {
  int exit_code = 0;
  for (const std::string& file : options.files) {
    auto octets = octets_of_file(file, streams.in);
    if (!octets) {
      streams.err << fmt::format("{} {}.\n", file, octets.error().sentence());
      exit_code = 2;
      continue;
    }
    const Inspection inspection = inspect(file, message_of_file(*std::move(octets)), question);
    options.json ? print_json(streams.out, inspection) : print_table(streams.out, inspection);
  }
  return exit_code;
}

}  // namespace

void add_inspect_command(CLI::App& root,
                         std::function<std::filesystem::path()> config_path,
                         MakePreflight preflight,
                         Streams streams,
                         int& exit_code) {
  CLI::App& command =
      *root.add_subcommand("inspect", "What the policy says of messages, without a running relay");
  const auto options = std::make_shared<InspectOptions>();
  CLI::Option* app =
      command.add_option("--app", options->app, "Judge as mail of this app of the configuration");
  command.add_option("--domain", options->domains, "Judge as mail of an app with these domains")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->excludes(app);
  CLI::Option* mail_from =
      command.add_option("--mail-from",
                         options->mail_from,
                         "The reverse-path; '<>' is the null path; left out, it is not judged");
  command.add_option("--rcpt", options->recipients, "A forward-path; may be repeated")
      ->allow_extra_args(false);
  command.add_flag("--json", options->json, "One JSON object a line");
  command.add_option("FILE", options->files, "Messages; - is standard input")->required();
  Given given{std::move(config_path), std::move(preflight)};
  command.callback([options, mail_from, given = std::move(given), streams, &exit_code] {
    options->mail_from_given = mail_from->count() > 0;
    exit_code = inspect_files(*options, question_of(*options, given), streams);
  });
}

}  // namespace cli
