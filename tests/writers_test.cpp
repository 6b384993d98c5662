#include "storage/writers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "storage/unique_fd.h"

namespace regsweep::storage {
namespace {

namespace fs = boost::filesystem;

class WritersTest : public ::testing::Test {
 protected:
  WritersTest() {
    std::string pattern = (fs::temp_directory_path() / "writers.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    base_ = fs::canonical(pattern).string();
  }
  ~WritersTest() override {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    boost::system::error_code ignored;
    fs::remove_all(base_, ignored);
  }
  /// A process that has a new file open, and waits.
  void open_elsewhere(const std::string& path) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    child_ = ::fork();
    ASSERT_GE(child_, 0);
    if (child_ == 0) {
      const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY, 0600);
      const char byte = fd >= 0 ? 'y' : 'n';
      if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ASSERT_EQ(byte, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }

  std::string base_;
  pid_t child_ = -1;
};

RegistryConfig listening_at(const std::string& address, const std::string& network = "") {
  RegistryConfig config;
  config.http_address = address;
  config.http_network = network;
  return config;
}

/// A socket that listens at a free port of the loopback; its port.
UniqueFd listen_at(int family, int& port) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address = {};
  socklen_t size = 0;
  if (family == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(&address);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&address);
    in->sin6_family = AF_INET6;
    in->sin6_addr = in6addr_loopback;
    size = sizeof *in;
  }
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(socket.get(), 4) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return {};
  }
  port = ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in*>(&address)->sin_port
                                 : reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return socket;
}

TEST_F(WritersTest, AProcessWithAFileOpenBelowTheRootIsNamed) {
  fs::create_directories(base_ + "/store/deep");
  open_elsewhere(base_ + "/store/deep/file");
  const std::vector<std::string> found = processes_with_open_files(base_ + "/store");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].find("(pid " + std::to_string(child_) + "): " + base_ + "/store/deep/file"),
            std::string::npos)
      << found[0];
}

TEST_F(WritersTest, ADeletedFileThatIsStillOpenCounts) {
  fs::create_directories(base_ + "/store");
  open_elsewhere(base_ + "/store/file");
  fs::remove(base_ + "/store/file");
  EXPECT_EQ(processes_with_open_files(base_ + "/store").size(), 1u);
}

TEST_F(WritersTest, ADirectoryWhoseNameOnlyBeginsLikeTheRootDoesNotCount) {
  fs::create_directories(base_ + "/store");
  fs::create_directories(base_ + "/store2");
  open_elsewhere(base_ + "/store2/file");
  EXPECT_TRUE(processes_with_open_files(base_ + "/store").empty());
  EXPECT_EQ(processes_with_open_files(base_).size(), 1u);
}

TEST_F(WritersTest, ThisProcessDoesNotCount) {
  fs::create_directories(base_ + "/store");
  const UniqueFd own(::open((base_ + "/store/file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  EXPECT_TRUE(processes_with_open_files(base_ + "/store").empty());
}

TEST_F(WritersTest, ARootReachedBySymbolicLinkIsTheSameRoot) {
  fs::create_directories(base_ + "/store");
  ASSERT_EQ(::symlink("store", (base_ + "/alias").c_str()), 0);
  open_elsewhere(base_ + "/store/file");
  EXPECT_EQ(processes_with_open_files(base_ + "/alias").size(), 1u);
}

TEST_F(WritersTest, AContainerThatSeesTheRootElsewhereIsSeen) {
  fs::create_directories(base_ + "/store");
  fs::create_directories(base_ + "/volume");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  child_ = ::fork();
  ASSERT_GE(child_, 0);
  if (child_ == 0) {
    const std::string script = "mount --bind " + base_ + "/store " + base_ + "/volume && exec 5>" +
                               base_ + "/volume/file && echo y && exec sleep 60";
    ::dup2(ready[1], 1);
    ::execlp("unshare", "unshare", "-m", "sh", "-c", script.c_str(), nullptr);
    ::_exit(1);
  }
  ::close(ready[1]);
  char byte = 0;
  const ssize_t got = ::read(ready[0], &byte, 1);
  ::close(ready[0]);
  if (got != 1 || byte != 'y') GTEST_SKIP() << "may not mount";
  const std::vector<std::string> found = processes_with_open_files(base_ + "/store");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].find(base_ + "/volume/file"), std::string::npos) << found[0];
}

TEST_F(WritersTest, WhatListensIsFoundHoweverItsAddressIsWritten) {
  int port = 0;
  const UniqueFd four = listen_at(AF_INET, port);
  ASSERT_TRUE(four);
  const std::string colon_port = ":" + std::to_string(port);
  for (const char* host : {"", "127.0.0.1", "0.0.0.0", "localhost", "[::]"}) {
    EXPECT_EQ(answering_address(listening_at(host + colon_port)), "127.0.0.1" + colon_port) << host;
  }
  EXPECT_EQ(answering_address(listening_at("[::1]" + colon_port)), "");
}

TEST_F(WritersTest, WhatListensAtVersionSixIsFound) {
  int port = 0;
  const UniqueFd six = listen_at(AF_INET6, port);
  if (!six) GTEST_SKIP() << "no IPv6";
  const std::string colon_port = ":" + std::to_string(port);
  for (const char* host : {"", "[::1]", "[::]", "localhost"}) {
    EXPECT_EQ(answering_address(listening_at(host + colon_port)), "[::1]" + colon_port) << host;
  }
}

TEST_F(WritersTest, NothingThatListensIsNoAnswer) {
  int port = 0;
  { const UniqueFd closed = listen_at(AF_INET, port); }
  EXPECT_EQ(answering_address(listening_at("127.0.0.1:" + std::to_string(port))), "");
  for (const char* odd : {"", ":", "5000", "localhost:", "no.such.host.invalid:5000", "[::1"}) {
    EXPECT_EQ(answering_address(listening_at(odd)), "") << odd;
  }
}

TEST_F(WritersTest, AHostThatNeverAnswersTakesAboutASecond) {
  const auto begin = std::chrono::steady_clock::now();
  answering_address(listening_at("192.0.2.1:5000"));  // TEST-NET-1: goes nowhere
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1500));
}

TEST_F(WritersTest, UnixSocketsAnswerToo) {
  const std::string path = base_ + "/socket";
  EXPECT_EQ(answering_address(listening_at(path, "unix")), "");
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(answering_address(listening_at(path, "unix")), "") << "bound, but does not listen";
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  for (int i = 0; i < 4; ++i) {  // more than the queue holds
    EXPECT_EQ(answering_address(listening_at(path, "unix")), path);
  }
  EXPECT_EQ(answering_address(listening_at(std::string(200, 'x'), "unix")), "");
}

}  // namespace
}  // namespace regsweep::storage
