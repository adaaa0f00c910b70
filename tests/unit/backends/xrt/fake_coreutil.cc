// Stands for an XRT library whose virtual functions lie elsewhere than those of 2.13: with
// FAKE_FEWER there are fewer, otherwise the first one is another.
namespace xrt_core {

int calls = 0;

#define ONE(n) virtual void f##n() = 0;
#define TEN(n) \
  ONE(n##0)    \
  ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)

class device {
 public:
  virtual void reopen();
#ifndef FAKE_FEWER
  TEN(1)
  TEN(2)
  TEN(3)
  TEN(4)
  TEN(5)
  TEN(6)
  TEN(7)
#endif

 protected:
  ~device() = default;
};
void device::reopen() { calls += 1; }

class system {
 public:
  virtual void get_xrt_info();

 protected:
  ~system() = default;
};
void system::get_xrt_info() { calls += 2; }

}  // namespace xrt_core
