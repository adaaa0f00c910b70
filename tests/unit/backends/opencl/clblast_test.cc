// Products by CLBlast.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"
#include "tests/unit/backends/opencl/one_node.h"

namespace oarlock::opencl {
namespace {

struct OpenClClblast : testing::Test {
  void SetUp() override {
    std::string why;
    if (!has_device(why)) GTEST_SKIP() << why;
    if (dlopen("libclblast.so.1", RTLD_NOW) == nullptr) GTEST_SKIP() << dlerror();
  }
};

void check(OneNode test) {
  test.settings = {{"opencl.clblast", "on"}};
  check_against_reference(test, "clblast/gemm");
  test.constants = {1};
  check_against_reference(test, "clblast/gemm");
}

OneNode product(const Shape& a, const Shape& b) {
  return {"MatMul", {}, {random_values(a, 1), random_values(b, 2)}};
}

TEST_F(OpenClClblast, Matrices) {
  check(product({5, 7}, {7, 3}));
  check(product({50, 384}, {384, 130}));
  check(product({1, 40}, {40, 130}));
  check(product({7}, {7, 9}));
}

TEST_F(OpenClClblast, Batches) {
  check(product({2, 3, 5, 7}, {2, 3, 7, 9}));
  check(product({2, 3, 5, 7}, {7, 9}));
  check(product({5, 7}, {4, 7, 9}));
}

TEST_F(OpenClClblast, Gemm) {
  for (const int64_t trans_a : {0, 1})
    for (const int64_t trans_b : {0, 1})
      for (const Shape& bias : {Shape{}, Shape{17}, Shape{6, 1}, Shape{6, 17}})
        check({"Gemm",
               {{"transA", trans_a}, {"transB", trans_b}, {"alpha", 0.5f}, {"beta", -2.0f}},
               {random_values(trans_a ? Shape{9, 6} : Shape{6, 9}, 1),
                random_values(trans_b ? Shape{17, 9} : Shape{9, 17}, 2), random_values(bias, 3)}});
}

TEST_F(OpenClClblast, Residual) {
  check({"oarlock.MatMul",
         {{"trans_b", 1}},
         {random_values({2, 5, 9}, 1), random_values({17, 9}, 2), Tensor(),
          random_values({2, 5, 17}, 4)}});
}

// By itself it is not preferred.
TEST_F(OpenClClblast, TakesNothingThatWasNotMeasured) {
  check_against_reference(product({5, 7}, {7, 3}), "matmul");
  OneNode off = product({5, 7}, {7, 3});
  off.settings = {{"opencl.clblast", "off"}};
  check_against_reference(off, "matmul");
}

}  // namespace
}  // namespace oarlock::opencl
