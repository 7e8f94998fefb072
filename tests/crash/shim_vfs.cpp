#include "tests/crash/shim_vfs.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>

namespace crash {

struct ShimVfs::Registration {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  Decide decide;
  Unreadable unreadable;
};

namespace {

/// A file of ours, with the real one right behind it in the room that SQLite gives.
struct File {
  sqlite3_file base;
  const Decide* decide;
  const Unreadable* unreadable;
  std::string* path;
  bool log;
  [[nodiscard]] sqlite3_file* real() {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(this) + sizeof(File));
  }
};

File* ours(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return ours(file)->real(); }

int close(sqlite3_file* file) {
  const int code = real(file)->pMethods->xClose(real(file));
  delete ours(file)->path;
  return code;
}

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  const auto& unreadable = *ours(file)->unreadable;
  if (!ours(file)->log && unreadable && unreadable(at)) return SQLITE_IOERR_READ;
  return real(file)->pMethods->xRead(real(file), into, size, at);
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const std::string_view octets(static_cast<const char*>(from), static_cast<std::size_t>(size));
  return (*ours(file)->decide)(
      {OpKind::write, *ours(file)->path, at, octets, ours(file)->log},
      [&] { return real(file)->pMethods->xWrite(real(file), from, size, at); });
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return (*ours(file)->decide)({OpKind::truncate, *ours(file)->path, size, {}, ours(file)->log},
                               [&] { return real(file)->pMethods->xTruncate(real(file), size); });
}

int sync(sqlite3_file* file, int flags) {
  return (*ours(file)->decide)({OpKind::sync, *ours(file)->path, 0, {}, ours(file)->log},
                               [&] { return real(file)->pMethods->xSync(real(file), flags); });
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_reserved(sqlite3_file* file, int* reserved) {
  return real(file)->pMethods->xCheckReservedLock(real(file), reserved);
}
int control(sqlite3_file* file, int what, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}
int lock_shared(sqlite3_file* file, int offset, int n, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}
void shared_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_shared(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

const sqlite3_io_methods methods{2,
                                 close,
                                 read,
                                 write,
                                 truncate,
                                 sync,
                                 file_size,
                                 lock,
                                 unlock,
                                 check_reserved,
                                 control,
                                 sector_size,
                                 characteristics,
                                 map_shared,
                                 lock_shared,
                                 shared_barrier,
                                 unmap_shared,
                                 nullptr,
                                 nullptr};

}  // namespace

struct ShimVfs::Calls {
  static Registration& of(sqlite3_vfs* vfs) { return *static_cast<Registration*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* given) {
    auto& registration = of(vfs);
    File* const opened = ours(file);
    opened->base.pMethods = nullptr;
    int exists = 1;
    if (name != nullptr && (flags & SQLITE_OPEN_CREATE) != 0)
      registration.real->xAccess(registration.real, name, SQLITE_ACCESS_EXISTS, &exists);
    const bool log = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    const auto open_real = [&] {
      return registration.real->xOpen(registration.real, name, opened->real(), flags, given);
    };
    const std::string path = name == nullptr ? "" : name;
    const int code = exists != 0
                         ? open_real()
                         : registration.decide({OpKind::create, path, 0, {}, log}, open_real);
    if (code != SQLITE_OK) return code;
    opened->decide = &registration.decide;
    opened->unreadable = &registration.unreadable;
    opened->path = new std::string(path);
    opened->log = log;
    opened->base.pMethods = &methods;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    auto& registration = of(vfs);
    return registration.decide({OpKind::remove, name, sync_directory, {}, true}, [&] {
      return registration.real->xDelete(registration.real, name, sync_directory);
    });
  }

  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
    return of(vfs).real->xAccess(of(vfs).real, name, flags, result);
  }
  static int full_path(sqlite3_vfs* vfs, const char* name, int size, char* path) {
    return of(vfs).real->xFullPathname(of(vfs).real, name, size, path);
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* into) {
    return of(vfs).real->xRandomness(of(vfs).real, size, into);
  }
  static int sleep(sqlite3_vfs* vfs, int microseconds) {
    return of(vfs).real->xSleep(of(vfs).real, microseconds);
  }
  static int now(sqlite3_vfs* vfs, double* day) {
    return of(vfs).real->xCurrentTime(of(vfs).real, day);
  }
  static int last_error(sqlite3_vfs* vfs, int size, char* into) {
    return of(vfs).real->xGetLastError(of(vfs).real, size, into);
  }
};

ShimVfs::ShimVfs(std::string name, Decide decide, Unreadable unreadable)
    : name_(std::move(name)), registration_(std::make_unique<Registration>()) {
  sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
  registration_->real = real;
  registration_->decide = std::move(decide);
  registration_->unreadable = std::move(unreadable);
  auto& vfs = registration_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
  vfs.mxPathname = real->mxPathname;
  vfs.zName = name_.c_str();
  vfs.pAppData = registration_.get();
  vfs.xOpen = Calls::open;
  vfs.xDelete = Calls::remove;
  vfs.xAccess = Calls::access;
  vfs.xFullPathname = Calls::full_path;
  vfs.xRandomness = Calls::randomness;
  vfs.xSleep = Calls::sleep;
  vfs.xCurrentTime = Calls::now;
  vfs.xGetLastError = Calls::last_error;
  if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
    throw std::runtime_error("SQLite takes no VFS " + name_);
}

ShimVfs::~ShimVfs() { sqlite3_vfs_unregister(&registration_->vfs); }

}  // namespace crash
