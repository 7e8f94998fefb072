#pragma once

// libspf2's headers are C alone, and do not include all they use: what they include comes first, so
// that nothing of C++ ends up in here.
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/types.h>

#include <cstdarg>
#include <cstddef>

extern "C" {
#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_log.h>
#include <spf2/spf_server.h>
}
