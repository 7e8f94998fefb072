#include "tests/crash/disk.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace crash {
namespace {

constexpr std::size_t sector = 512;

/// Does an operation to the files. One on a file that is not there is lost with it.
void perform(const Done& operation, Files& files) {
  if (operation.kind == OpKind::create) {
    files.try_emplace(operation.file);
    return;
  }
  const auto file = files.find(operation.file);
  if (file == files.end()) return;
  const auto at = static_cast<std::size_t>(operation.at);
  switch (operation.kind) {
    case OpKind::write:
      if (file->second.size() < at + operation.octets.size())
        file->second.resize(at + operation.octets.size());
      file->second.replace(at, operation.octets.size(), operation.octets);
      return;
    case OpKind::truncate:
      file->second.resize(at);
      return;
    case OpKind::remove:
      files.erase(file);
      return;
    case OpKind::create:
    case OpKind::sync:
      return;
  }
}

Done torn(Done operation, std::mt19937& random) {
  if (operation.kind == OpKind::write)
    operation.octets.resize(random() % (operation.octets.size() / sector + 1) * sector);
  return operation;
}

}  // namespace

int Tape::record(const Op& op, const std::function<int()>& real) {
  const std::lock_guard lock(mutex_);
  const int code = real();
  if (code == 0)
    operations_.push_back({op.kind,
                           std::filesystem::path(op.file).filename(),
                           op.at,
                           std::string(op.octets),
                           op.log});
  return code;
}

std::size_t Tape::length() const {
  const std::lock_guard lock(mutex_);
  return operations_.size();
}

const char* word(Loss loss) noexcept {
  switch (loss) {
    case Loss::nothing:
      return "nothing";
    case Loss::unflushed:
      return "unflushed";
    case Loss::torn:
      return "torn";
    case Loss::scattered:
      return "scattered";
  }
  return "";
}

void Disk::apply(const Done& operation) {
  if (operation.kind == OpKind::sync) {
    const auto made = [&](const Done& each) {
      return each.kind == OpKind::create && each.file == operation.file;
    };
    flush(operation.file, operation.log && std::ranges::any_of(pending_, made));
    return;
  }
  pending_.push_back(operation);
  if (operation.kind == OpKind::remove && operation.at != 0) flush({}, true);
}

void Disk::flush(const std::string& file, bool directory) {
  std::vector<Done> left;
  for (auto& operation : pending_) {
    const bool of_directory = operation.kind == OpKind::create || operation.kind == OpKind::remove;
    if (of_directory ? directory : operation.file == file)
      perform(operation, flushed_);
    else
      left.push_back(std::move(operation));
  }
  pending_ = std::move(left);
}

Files Disk::after(Loss loss, std::mt19937& random) const {
  Files files = flushed_;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const bool last = i + 1 == pending_.size();
    switch (loss) {
      case Loss::nothing:
        perform(pending_[i], files);
        break;
      case Loss::unflushed:
        return files;
      case Loss::torn:
        perform(last ? torn(pending_[i], random) : pending_[i], files);
        break;
      case Loss::scattered:
        if (random() % 2 == 0) perform(pending_[i], files);
        break;
    }
  }
  return files;
}

void write_files(const Files& files, const std::filesystem::path& directory) {
  for (const auto& [name, content] : files) {
    std::ofstream file(directory / name, std::ios::binary);
    if (!file.write(content.data(), static_cast<std::streamsize>(content.size())).flush())
      throw std::runtime_error("cannot write " + (directory / name).string());
  }
}

}  // namespace crash
