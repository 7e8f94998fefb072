// sign_corpus ALGORITHM DIRECTORY FILE…: mends and signs each message, writes it to DIRECTORY under
// its own name, and the key's record to DIRECTORY/record.
#include "dkim/mend.hpp"
#include "dkim/signer.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write(const std::filesystem::path& path, const std::string& octets) {
  std::ofstream out(path, std::ios::binary);
  out << octets;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

dkim::MendFacts facts() {
  return {
      "Sat, 21 Nov 2026 10:00:00 +0000",
      "relay.example.com",
      "4XyZ01",
      {{"X-SES-CONFIGURATION-SET", "drupal"}, {"X-SES-MESSAGE-TAGS", "app=shop, queue=4XyZ01"}}};
}

void sign_all(const std::string& algorithm,
              const std::filesystem::path& directory,
              int count,
              char** files) {
  dkim::Library library;
  const auto key = dkim::generate_key(algorithm == "rsa" ? dkim::Algorithm::rsa_sha256
                                                         : dkim::Algorithm::ed25519_sha256)
                       .value();
  const auto signer = dkim::make_signer(library, key, "example.com", "p1").value();
  write(directory / "record", key.public_record());
  for (int i = 0; i < count; ++i) {
    const std::filesystem::path path = files[i];
    const std::string mended = dkim::mend(read(path), facts()).value();
    write(directory / path.filename(),
          signer.sign(mended, std::chrono::system_clock::now()).value() + mended);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 4) throw std::runtime_error("usage: sign_corpus rsa|ed25519 DIRECTORY FILE...");
    sign_all(argv[1], argv[2], argc - 3, argv + 3);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
