// Exits 0 when an aggregate temporary in a statement with co_await is destroyed exactly once.
#include <coroutine>
#include <cstdio>
#include <exception>

static int alive = 0;
static int wrong = 0;

struct Counted {
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  ~Counted() {
    if (--alive < 0) ++wrong;
  }
};
struct Aggregate {
  Counted first;
  Counted second;
};

struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

static std::suspend_never by_value(Aggregate) { return {}; }
static std::suspend_never by_reference(const Aggregate&) { return {}; }
static int plain(const Aggregate&, int n) { return n; }
struct Number : std::suspend_never {
  int await_resume() const noexcept { return 1; }
};

static Task forms() {
  co_await by_value(Aggregate{});
  co_await by_value({});
  co_await by_reference(Aggregate{Counted{}, Counted{}});
  (void)plain(Aggregate{}, co_await Number{});
  auto capture = Counted{};
  co_await [capture]() { return std::suspend_never{}; }();
}

int main() {
  forms();
  if (alive != 0 || wrong != 0)
    std::fprintf(stderr, "alive %d, destroyed twice %d\n", alive, wrong);
  return alive == 0 && wrong == 0 ? 0 : 1;
}
