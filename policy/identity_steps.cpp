#include "policy/identity_steps.hpp"

#include "policy/tag_list.hpp"

#include <algorithm>

namespace policy {
namespace {

constexpr std::size_t longest_key =
    392;  // of RSA with 2048 bits, in Base64: SES takes no longer one
constexpr std::size_t longest_selector = 63;

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Whether SES can sign with this key too (BYODKIM): RSA up to 2048 bits, a plain selector.
bool fits_ses(const SelectorSetup& key) {
  const std::vector<Tag> tags = read_tags(key.public_record);
  const Tag* kind = find_tag(tags, "k");
  const Tag* octets = find_tag(tags, "p");
  return (kind == nullptr || kind->value == "rsa") && octets != nullptr &&
         octets->value.size() <= longest_key && key.selector.size() <= longest_selector &&
         std::all_of(key.selector.begin(), key.selector.end(), is_letter_or_digit);
}

/// The key that signs, before any signs the first one; null where SES could not sign with it.
const SelectorSetup* key_for_ses(const DomainSetup& setup) {
  if (setup.signing == SigningMode::ses || setup.selectors.empty()) return nullptr;
  auto key = std::find_if(setup.selectors.begin(),
                          setup.selectors.end(),
                          [](const SelectorSetup& one) { return one.signs; });
  if (key == setup.selectors.end()) key = setup.selectors.begin();
  return fits_ses(*key) ? &*key : nullptr;
}

std::string easy_dkim() {
  return "choose Easy DKIM with RSA_2048_BIT, and publish the three CNAME records that the console "
         "shows";
}

std::string dkim_step(const DomainSetup& setup) {
  const SelectorSetup* key = key_for_ses(setup);
  if (key == nullptr) {
    return "Under the DKIM settings " + easy_dkim() +
           (setup.signing == SigningMode::local ? ", beside the records above." : ".");
  }
  return "Under the DKIM settings choose \"Provide DKIM authentication token (BYODKIM)\": selector "
         "name " +
         key->selector + ", and as private key what `postern domain export-key " + setup.name +
         " --selector " + key->selector +
         "` prints, without its first and last line. The DKIM record above then serves SES too; a "
         "key that takes its place has to be given to SES likewise. Or " +
         easy_dkim() + ", beside the records above.";
}

}  // namespace

std::vector<std::string> identity_steps(const DomainSetup& setup) {
  if (setup.region.empty()) return {};
  std::vector<std::string> steps{
      "Open the SES console in the region " + setup.region +
          ", and there Configuration, Identities. Choose Create identity, and as its type "
          "Domain: " +
          setup.name + ". If the identity is there already, open it and edit what follows.",
      dkim_step(setup)};
  if (!setup.mail_from.empty()) {
    steps.push_back("Choose \"Use a custom MAIL FROM domain\": " + setup.mail_from +
                    ", and on MX failure the default MAIL FROM domain.");
  }
  steps.push_back(
      "Publish the records, and wait until the console shows the identity as verified: SES looks "
      "for 72 hours. It counts in this region alone.");
  return steps;
}

}  // namespace policy
