#include "relay/aws/libcurl.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

namespace aws {
namespace {

constexpr const char* library_name = "libcurl.so.4";

template <class Function>
bool bind(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool bind_all(void* library, Libcurl& curl) {
  return bind(library, "curl_easy_init", curl.easy_init) &&
         bind(library, "curl_easy_setopt", curl.easy_setopt) &&
         bind(library, "curl_easy_getinfo", curl.easy_getinfo) &&
         bind(library, "curl_easy_header", curl.easy_header) &&
         bind(library, "curl_getdate", curl.getdate) &&
         bind(library, "curl_easy_strerror", curl.easy_strerror) &&
         bind(library, "curl_easy_cleanup", curl.easy_cleanup) &&
         bind(library, "curl_slist_append", curl.slist_append) &&
         bind(library, "curl_slist_free_all", curl.slist_free_all) &&
         bind(library, "curl_multi_init", curl.multi_init) &&
         bind(library, "curl_multi_add_handle", curl.multi_add_handle) &&
         bind(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
         bind(library, "curl_multi_perform", curl.multi_perform) &&
         bind(library, "curl_multi_info_read", curl.multi_info_read) &&
         bind(library, "curl_multi_poll", curl.multi_poll) &&
         bind(library, "curl_multi_wakeup", curl.multi_wakeup) &&
         bind(library, "curl_multi_cleanup", curl.multi_cleanup);
}

}  // namespace

mail::Result<Libcurl> load_libcurl() {
  void* library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return mail::failure(fmt::format(
        "{} cannot be loaded ({}): install Debian's package libcurl4, or leave out `aws`",
        library_name,
        dlerror()));  // NOLINT(concurrency-mt-unsafe): each thread has its own
  Libcurl curl;
  decltype(&curl_global_init) global_init = nullptr;
  if (!bind(library, "curl_global_init", global_init) || !bind_all(library, curl))
    return mail::failure(fmt::format(
        "{} is too old: install Debian's package libcurl4, 7.88 or later", library_name));
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return mail::failure(fmt::format(
        "{} was loaded but does not work: reinstall Debian's package libcurl4", library_name));
  return curl;
}

}  // namespace aws
