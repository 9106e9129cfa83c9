#include "fake_haproxy.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <sstream>

namespace fc_test {

FakeHaproxy::FakeHaproxy() : proxy_(new haproxy_proxy_t()) {
  snprintf(proxy_->name, sizeof proxy_->name, "f");
  proxy_->port = 18101;
  snprintf(haproxy_.socket.path, sizeof haproxy_.socket.path, "%s", socket().c_str());
  snprintf(haproxy_.file, sizeof haproxy_.file, "%s", file().c_str());
  haproxy_.socket.timeout_s = 5;
  haproxy_.request_timeout_s = 30;
  haproxy_.drain_timeout_s = 0.05;
  haproxy_.n_proxies = 1;
  haproxy_.proxies = proxy_.get();
  haproxy_.worker = worker;
  haproxy_.worker_start_s = 1000;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", socket().c_str());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  EXPECT_EQ(listen(listener_, 8), 0);
  thread_ = std::thread([this] { serve(); });
}

FakeHaproxy::~FakeHaproxy() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void FakeHaproxy::serve() {
  for (;;) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    std::string command;
    char byte = 0;
    while (recv(connection, &byte, 1, 0) == 1 && byte != '\n') command += byte;
    const std::string text = answer(command);
    (void)!send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    close(connection);
  }
}

std::string FakeHaproxy::stat() const {
  std::string text = "# pxname,svname,qcur,qmax,scur,slim,status,type,req_tot,addr,mode,\n";
  for (const auto &[name, server] : servers)
    text += "f," + name + ",0,,0" + std::to_string(server.in_service) + "," +
            (server.limit ? std::to_string(server.limit) : "") + ",\"" + server.status +
            "\",2,,127.0.0.1:" + std::to_string(server.port) + ",http,\n";
  return text + "f,BACKEND,3,,5,100,UP,1,,,http,\n\n";
}

std::string FakeHaproxy::answer(const std::string &command) {
  std::string text;
  if (command.rfind("show stat", 0) == 0) return before && before(command, &text) ? text : stat();
  commands.push_back(command);
  if (before && before(command, &text)) return text;
  if (command == "show info") return "Name: HAProxy\nPid: " + std::to_string(worker) + "\nStart_time_sec: 1000\n\n";
  std::istringstream words(command);
  std::string verb, what, name, key, value;
  words >> verb >> what;
  if ((verb == "set" && what == "maxconn") || verb == "shutdown") words >> what;
  words >> name >> key >> value;
  name = name.substr(2);
  if (verb == "add") {
    servers[name] = {std::stoi(key.substr(key.find(':') + 1)), value == "maxconn" ? 0 : -1, 0, "MAINT"};
    if (value == "maxconn") words >> servers[name].limit;
    return "New server registered.\n\n";
  }
  if (servers.count(name) == 0) return "No such server.\n\n";
  Server &server = servers[name];
  if (verb == "del") {
    if (server.in_service > 0) return "Server still has connections attached to it, cannot remove it.\n\n";
    servers.erase(name);
    return "Server deleted.\n\n";
  }
  if (verb == "enable" && what == "server") server.status = "UP";
  if (verb == "set" && what == "server" && key == "state")
    server.status = value == "ready" ? "UP" : value == "maint" ? "MAINT" : "DRAIN";
  if (verb == "set" && what == "server" && key == "addr") {
    std::string word;
    words >> word >> server.port;
    return "no need to change the addr, port changed\n\n";
  }
  if (verb == "set" && !key.empty() && value.empty()) server.limit = std::stoi(key);
  if (verb == "shutdown") server.in_service = 0;
  return "\n";
}

}  // namespace fc_test
