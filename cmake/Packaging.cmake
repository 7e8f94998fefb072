# What `cmake --install` lays out beside the program, and `cpack` makes a .deb of (deploy/debian).
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # packs what was built; tests are not built for it

# Everything built that is packed.
add_custom_target(packed)
foreach(part postern postern-sendmail manual_man manual_man-config manual_man-sendmail manual_bash manual_zsh)
  if(TARGET ${part})
    add_dependencies(packed ${part})
  endif()
endforeach()

install(FILES conf/postern.yml conf/sendmail.yml DESTINATION /etc/postern)
install(FILES conf/postern.schema.json DESTINATION share/postern)
install(DIRECTORY deploy/prometheus/rules DESTINATION share/postern/prometheus)
install(DIRECTORY deploy/grafana/dashboards DESTINATION share/postern/grafana)
install(DIRECTORY conf/examples DESTINATION share/doc/postern)
install(DIRECTORY docs/ DESTINATION share/doc/postern FILES_MATCHING PATTERN "*.md")
install(FILES deploy/systemd/postern.service DESTINATION lib/systemd/system)
install(FILES deploy/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME postern.conf)
install(FILES deploy/systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME postern.conf)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME postern)
set(CPACK_PACKAGE_CONTACT "Postern <postern@example.com>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "The guarded side gate through which a web application's mail leaves: it takes
mail by SMTP, lets through only what the site may send, keeps it durably,
signs it with DKIM, hands it to Amazon SES over TLS, and tells Prometheus what
became of it.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Loaded while it runs: libcurl, the root's keys and certificates. passwd has the useradd of postinst.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libcurl4, dns-root-data, ca-certificates, passwd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
  ${CMAKE_SOURCE_DIR}/deploy/debian/postrm ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles)
include(CPack)
