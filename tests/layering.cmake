# The arrows of docs/architecture.md, enforced: fails on an include that runs against them, and on what the pure core may
# not touch. With PLANT it copies nothing but a list of mistakes into that folder, and counts those it finds.

# folder;what it may include
set(arrows
  "mail;mail"
  "policy;mail,policy"
  "dkim;mail,dkim"
  "relay/proto;mail,policy,relay/proto"
  "relay/spool;mail,policy,relay/spool"
  "relay/config;mail,policy,relay/config"
  "relay/observe;mail,policy,relay/spool,relay/proto,relay/config,relay/observe"
  "relay/net;mail,policy,relay/proto,relay/spool,relay/config,relay/observe,relay/net"
  "relay/keystore;mail,dkim,relay/keystore"
  "relay/aws;mail,policy,relay/config,relay/net,relay/aws"
  "relay/feedback;mail,policy,relay/proto,relay/spool,relay/config,relay/observe,relay/net,relay/aws,relay/feedback"
  "relay/notices;mail,policy,relay/spool,relay/config,relay/observe,relay/net,relay/aws,relay/notices"
  "relay/domains;mail,policy,dkim,relay/proto,relay/spool,relay/config,relay/observe,relay/net,relay/keystore,relay/domains"
  "relay/delivery;mail,policy,dkim,relay/proto,relay/spool,relay/config,relay/observe,relay/net,relay/delivery"
  "relay/doctor;mail,policy,relay/proto,relay/config,relay/aws,relay/feedback,relay/doctor"
  "relay/http;mail,policy,dkim,relay/spool,relay/observe,relay/config,relay/net,relay/doctor,relay/domains,relay/http"
  "relay/sendmail;mail,policy,relay/proto,relay/config,relay/observe,relay/sendmail"
  "relay/cli;mail,policy,dkim,relay/proto,relay/spool,relay/config,relay/observe,relay/net,relay/doctor,relay/http,relay/sendmail,relay/cli"
  "relay/app;mail,policy,dkim,relay/proto,relay/spool,relay/config,relay/observe,relay/net,relay/delivery,relay/keystore,relay/aws,relay/feedback,relay/doctor,relay/notices,relay/domains,relay/http,relay/app")
set(core "mail;policy;dkim;relay/proto")
# What the core may not name: sockets, clocks, files, threads, environment, streams.
set(impure "boost/asio|boost/beast|sys/socket|netinet/|arpa/inet|<thread>|<iostream>|<fstream>|<filesystem>|<random>|[a-z]_clock::now\\(|getenv|std::cout|std::cerr|fopen\\(|std::rand|random_device|std::this_thread")

function(check_file root file out)
  file(STRINGS ${root}/${file} lines ENCODING UTF-8)
  set(found ${${out}})
  set(in_core FALSE)
  foreach(folder ${core})
    if(file MATCHES "^${folder}/")
      set(in_core TRUE)
    endif()
  endforeach()
  set(allowed "")
  set(i 0)
  list(LENGTH arrows n)
  while(i LESS n)
    list(GET arrows ${i} folder)
    math(EXPR j "${i}+1")
    list(GET arrows ${j} targets)
    if(file MATCHES "^${folder}/")
      string(REPLACE "," ";" allowed "${targets}")
    endif()
    math(EXPR i "${i}+2")
  endwhile()
  foreach(line ${lines})
    if(line MATCHES "^#include \"([^\"]+)/[^/\"]+\"")
      set(target ${CMAKE_MATCH_1})
      set(fits FALSE)
      foreach(folder ${allowed})
        if(target STREQUAL folder OR target MATCHES "^${folder}/")
          set(fits TRUE)
        endif()
      endforeach()
      if(NOT fits)
        list(APPEND found "${file} includes ${target}/, against the arrows")
      endif()
    endif()
    if(in_core AND line MATCHES "${impure}")
      list(APPEND found "${file} is of the core and names ${CMAKE_MATCH_0}")
    endif()
    if(line MATCHES "co_spawn\\(" AND NOT file STREQUAL "relay/net/coro.hpp")
      list(APPEND found "${file} calls co_spawn: only relay/net/coro.hpp may")
    endif()
    if(line MATCHES "asio::detached")
      list(APPEND found "${file} detaches a coroutine")
    endif()
  endforeach()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

if(DEFINED PLANT)
  file(REMOVE_RECURSE ${PLANT})
  set(plants
    "policy/a.cpp|#include \"relay/spool/store.hpp\"" "policy/b.cpp|#include \"dkim/signer.hpp\""
    "dkim/c.cpp|#include \"policy/reason.hpp\"" "relay/proto/d.cpp|#include <boost/asio/post.hpp>"
    "relay/proto/e.cpp|#include \"dkim/signer.hpp\"" "policy/f.cpp|  auto t = std::chrono::system_clock::now()"
    "dkim/g.cpp|#include <fstream>" "mail/h.cpp|#include \"policy/reply.hpp\"" "relay/net/i.cpp|#include \"relay/delivery/rate.hpp\""
    "relay/http/j.cpp|  co_spawn(executor, f, asio::use_future)" "relay/delivery/k.cpp|  f(asio::detached)"
    "relay/spool/l.cpp|#include \"relay/net/coro.hpp\"")
  set(files "")
  foreach(plant ${plants})
    string(REGEX REPLACE "\\|.*" "" file "${plant}")
    string(REGEX REPLACE "^[^|]*\\|" "" text "${plant}")
    file(WRITE ${PLANT}/${file} "${text}\n")
    list(APPEND files ${file})
  endforeach()
  set(hits 0)
  foreach(file ${files})
    set(found "")
    check_file(${PLANT} ${file} found)
    if(found)
      math(EXPR hits "${hits}+1")
    else()
      message("not found: ${file}")
    endif()
  endforeach()
  list(LENGTH files planted)
  message("${hits} of ${planted} planted mistakes found")
  return()
endif()

file(GLOB_RECURSE files RELATIVE ${SOURCE} ${SOURCE}/mail/*.?pp ${SOURCE}/policy/*.?pp ${SOURCE}/dkim/*.?pp ${SOURCE}/relay/*/*.?pp)
set(found "")
foreach(file ${files})
  check_file(${SOURCE} ${file} found)
endforeach()
foreach(mistake ${found})
  message("${mistake}")
endforeach()
list(LENGTH found count)
if(count)
  message(FATAL_ERROR "${count} includes or names run against docs/architecture.md")
endif()
