#include "op_test.h"

namespace oarlock::test {
namespace {

// As a Value: Clang takes `{Sequence}` for the list itself, GCC for a list that holds it.
Value three() { return Sequence{list<float>({1}), list<float>({2, 3}), list<float>({4})}; }

TEST(Sequence, ConstructsAndTakesApart) {
  const Values made = run_all("SequenceConstruct", {}, {list<float>({1}), list<float>({2, 3})}, 1);
  ASSERT_TRUE(made[0].is_sequence());
  EXPECT_EQ(made[0].sequence().size(), 2u);
  expect_tensor(run("SequenceAt", {}, {three(), Tensor::scalar(int64_t{-2})}), list<float>({2, 3}));
  expect_tensor(run("SequenceLength", {}, {three()}), Tensor::scalar(int64_t{3}));
  expect_tensor(run("SequenceLength", {}, {run_all("SequenceEmpty", {}, {}, 1)[0]}),
                Tensor::scalar(int64_t{0}));
  EXPECT_EQ(error_of("SequenceAt", {}, {three(), Tensor::scalar(int64_t{3})}),
            "node 'SequenceAt' (SequenceAt): position 3 is out of range for a sequence of 3");
}

TEST(Sequence, InsertsAndErases) {
  Values out =
      run_all("SequenceInsert", {}, {three(), list<float>({9}), Tensor::scalar(int64_t{1})}, 1);
  expect_tensor(out[0].sequence()[1], list<float>({9}));
  EXPECT_EQ(out[0].sequence().size(), 4u);
  out = run_all("SequenceInsert", {}, {three(), list<float>({9})}, 1);
  expect_tensor(out[0].sequence()[3], list<float>({9}));
  out = run_all("SequenceErase", {}, {three(), Tensor::scalar(int32_t{0})}, 1);
  expect_tensor(out[0].sequence()[0], list<float>({2, 3}));
  out = run_all("SequenceErase", {}, {three()}, 1);
  EXPECT_EQ(out[0].sequence().size(), 2u);
  EXPECT_EQ(error_of("SequenceErase", {}, {Value(Sequence())}),
            "node 'SequenceErase' (SequenceErase): cannot erase from an empty sequence");
}

TEST(Sequence, Concatenates) {
  expect_tensor(run("ConcatFromSequence", {{"axis", int64_t{0}}}, {three()}),
                list<float>({1, 2, 3, 4}));
  const Value equal = Sequence{list<float>({1, 2}), list<float>({3, 4})};
  expect_tensor(
      run("ConcatFromSequence", {{"axis", int64_t{-1}}, {"new_axis", int64_t{1}}}, {equal}),
      tensor<float>({2, 2}, {1, 3, 2, 4}));
  EXPECT_EQ(
      error_of("ConcatFromSequence", {{"axis", int64_t{0}}, {"new_axis", int64_t{1}}}, {three()}),
      "node 'ConcatFromSequence' (ConcatFromSequence): cannot stack float32[2] with "
      "float32[1]");
}

TEST(Sequence, Splits) {
  const Tensor x = counting<float>({3, 2});
  Values out = run_all("SplitToSequence", {}, {x}, 1);
  expect_tensor(out[0].sequence()[1], tensor<float>({1, 2}, {2, 3}));
  out = run_all("SplitToSequence", {{"keepdims", int64_t{0}}}, {x}, 1);
  expect_tensor(out[0].sequence()[2], list<float>({4, 5}));
  out = run_all("SplitToSequence", {}, {x, Tensor::scalar(int64_t{2})}, 1);
  ASSERT_EQ(out[0].sequence().size(), 2u);
  expect_tensor(out[0].sequence()[1], tensor<float>({1, 2}, {4, 5}));
  out = run_all("SplitToSequence", {{"axis", int64_t{1}}}, {x, integers({2, 0})}, 1);
  expect_tensor(out[0].sequence()[0], x);
  EXPECT_EQ(error_of("SplitToSequence", {}, {x, integers({1, 1})}),
            "node 'SplitToSequence' (SplitToSequence): split [1, 1] sums up to 2, but the axis has "
            "the extent 3");
}

TEST(Sequence, Inference) {
  const TypeInfo floats = TypeInfo::sequence_of(TypeInfo::tensor(DType::float32, {2}));
  EXPECT_EQ(inferred("SequenceAt", {}, {floats, {DType::int64, {}}}), "float32[2]");
  EXPECT_EQ(inferred("SequenceInsert", {}, {floats, {DType::float32, {3}}}),
            "sequence(float32[?])");
  EXPECT_EQ(inferred("SequenceInsert", {}, {floats, {DType::int8, {3}}}),
            "node 'n' (SequenceInsert): cannot insert int8[3] into sequence(float32[2])");
  EXPECT_EQ(inferred("ConcatFromSequence", {{"axis", int64_t{0}}}, {floats}), "float32[?]");
  EXPECT_EQ(inferred("SequenceLength", {}, {{DType::int8, {3}}}),
            "node 'n' (SequenceLength): input 0 is int8[3], expected a sequence");
}

TEST(Optional, WrapsAndUnwraps) {
  const TypeInfo type = TypeInfo::tensor(DType::float32, {1});
  expect_tensor(run_all("Optional", {}, {list<float>({1})}, 1)[0], list<float>({1}));
  const Values empty = run_all("Optional", {{"type", type}}, {}, 1);
  EXPECT_TRUE(empty[0].empty());
  expect_tensor(run("OptionalHasElement", {}, {list<float>({1})}), Tensor::scalar(true));
  expect_tensor(run("OptionalHasElement", {}, {}), Tensor::scalar(false));
  expect_tensor(run("OptionalGetElement", {}, {list<float>({1})}), list<float>({1}));
  EXPECT_EQ(inferred("OptionalGetElement", {}, {TypeInfo::optional_of(type)}), "float32[1]");
}

}  // namespace
}  // namespace oarlock::test
