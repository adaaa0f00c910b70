#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "oarlock/model.h"
#include "oarlock/oarlock.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"

namespace oarlock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// y = x + x for float32[n, 2].
Model doubling() {
  Graph graph;
  const ValueId x = graph.add_input("x", TypeInfo::tensor(DType::float32, {Shape::kUnknown, 2}));
  Node node;
  node.name = "add";
  node.op = "Add";
  node.inputs = {x, x};
  const NodeId id = graph.add_node(std::move(node), {"sum"}).value();
  graph.add_output(graph.node(id).output(0), "y");
  return Model(std::move(graph), {});
}

class CApi : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "capi_test.oar";
    ASSERT_TRUE(doubling().save(path_).ok());
    ASSERT_EQ(oarlock_session_open(path_.c_str(), nullptr, &session_), OARLOCK_OK)
        << oarlock_last_error();
  }
  void TearDown() override {
    oarlock_session_free(session_);
    std::filesystem::remove(path_);
  }
  static oarlock_value* pair(float a, float b) {
    const int64_t shape[] = {1, 2};
    const float data[] = {a, b};
    oarlock_value* value = nullptr;
    EXPECT_EQ(oarlock_value_tensor(OARLOCK_FLOAT32, shape, 2, data, 8, &value), OARLOCK_OK);
    return value;
  }
  static std::vector<float> floats(oarlock_value* value) {
    const auto* data = static_cast<const float*>(oarlock_value_data(value));
    return {data, data + oarlock_value_elements(value)};
  }
  oarlock_code run(oarlock_value* input, oarlock_value** output) {
    const oarlock_value* inputs[] = {input};
    return oarlock_session_run(session_, inputs, 1, output, 1, nullptr);
  }

  std::string path_;
  oarlock_session* session_ = nullptr;
};

TEST_F(CApi, DescribesAndRuns) {
  EXPECT_EQ(oarlock_session_input_count(session_), 1u);
  EXPECT_STREQ(oarlock_session_input_name(session_, 0), "x");
  EXPECT_STREQ(oarlock_session_input_type(session_, 0), "float32[?, 2]");
  EXPECT_STREQ(oarlock_session_output_name(session_, 0), "y");
  EXPECT_EQ(oarlock_session_input_name(session_, 1), nullptr);
  oarlock_value* x = pair(1, -2.5f);
  oarlock_value* y = nullptr;
  ASSERT_EQ(run(x, &y), OARLOCK_OK) << oarlock_last_error();
  EXPECT_EQ(oarlock_value_kind(y), OARLOCK_TENSOR);
  EXPECT_EQ(oarlock_value_dtype(y), OARLOCK_FLOAT32);
  ASSERT_EQ(oarlock_value_rank(y), 2u);
  EXPECT_EQ(oarlock_value_shape(y)[1], 2);
  EXPECT_THAT(floats(y), ElementsAre(2, -5));

  const void* memory = oarlock_value_data(y);
  oarlock_value* z = pair(3, 4);
  ASSERT_EQ(run(z, &y), OARLOCK_OK);
  EXPECT_EQ(oarlock_value_data(y), memory) << "an output that fits is written in place";
  EXPECT_THAT(floats(y), ElementsAre(6, 8));
  for (oarlock_value* v : {x, y, z}) oarlock_value_free(v);

  char* text = nullptr;
  ASSERT_EQ(oarlock_session_explain(session_, &text), OARLOCK_OK);
  EXPECT_THAT(text, HasSubstr("Add"));
  oarlock_text_free(text);
}

TEST_F(CApi, PrepacksBesideTheFile) {
  char* files = nullptr;
  const oarlock_code code = oarlock_session_prepack(session_, &files);
  if (code == OARLOCK_UNSUPPORTED) GTEST_SKIP() << "built without the CPU backend";
  ASSERT_EQ(code, OARLOCK_OK) << oarlock_last_error();
  EXPECT_EQ(files, path_ + ".packed-cpu\n");
  oarlock_text_free(files);
  EXPECT_TRUE(std::filesystem::remove(path_ + ".packed-cpu"));
  EXPECT_EQ(oarlock_session_prepack(nullptr, &files), OARLOCK_INVALID);
  EXPECT_EQ(oarlock_session_prepack(session_, nullptr), OARLOCK_INVALID);
}

TEST_F(CApi, TellsWhatIsWrong) {
  oarlock_model* model = nullptr;
  EXPECT_EQ(oarlock_model_load("no/such.oar", &model), OARLOCK_IO);
  EXPECT_THAT(oarlock_last_error(), HasSubstr("no/such.oar"));
  EXPECT_EQ(model, nullptr);
  EXPECT_EQ(oarlock_model_load(nullptr, &model), OARLOCK_INVALID);
  EXPECT_THAT(oarlock_last_error(), HasSubstr("'path' is NULL"));
  EXPECT_EQ(oarlock_model_load_bytes("rubbish", 7, &model), OARLOCK_INVALID);
  EXPECT_THAT(oarlock_last_error(), HasSubstr("wrong magic"));

  const int64_t shape[] = {3};
  oarlock_value* wrong = nullptr;
  EXPECT_EQ(oarlock_value_tensor(OARLOCK_FLOAT32, shape, 1, nullptr, 8, &wrong), OARLOCK_INVALID);
  EXPECT_THAT(oarlock_last_error(), HasSubstr("takes 12 bytes, 8 were given"));
  EXPECT_EQ(oarlock_value_tensor(static_cast<oarlock_dtype>(99), shape, 1, nullptr, 8, &wrong),
            OARLOCK_INVALID);
  const int64_t huge[] = {INT64_MAX, 3};
  EXPECT_EQ(oarlock_value_tensor(OARLOCK_FLOAT32, huge, 2, nullptr, 8, &wrong), OARLOCK_INVALID);
  ASSERT_EQ(oarlock_value_tensor(OARLOCK_FLOAT32, shape, 1, nullptr, 12, &wrong), OARLOCK_OK);
  oarlock_value* y = nullptr;
  EXPECT_EQ(run(wrong, &y), OARLOCK_INVALID);
  EXPECT_THAT(oarlock_last_error(), HasSubstr("'x'"));
  EXPECT_EQ(y, nullptr);
  oarlock_value_free(wrong);
  EXPECT_EQ(oarlock_session_run(session_, nullptr, 0, &y, 1, nullptr), OARLOCK_INVALID);

  oarlock_options* options = nullptr;
  ASSERT_EQ(oarlock_options_new(&options), OARLOCK_OK);
  ASSERT_EQ(oarlock_options_add_device(options, "abacus"), OARLOCK_OK);
  oarlock_session* session = nullptr;
  EXPECT_EQ(oarlock_session_open(path_.c_str(), options, &session), OARLOCK_UNAVAILABLE);
  EXPECT_THAT(oarlock_last_error(), HasSubstr("abacus"));
  EXPECT_THAT(oarlock_last_error(), HasSubstr("reference"));
  oarlock_options_free(options);
}

TEST_F(CApi, ErrorsBelongToTheirThread) {
  oarlock_model* model = nullptr;
  EXPECT_EQ(oarlock_model_load(nullptr, &model), OARLOCK_INVALID);
  std::thread([] { EXPECT_STREQ(oarlock_last_error(), ""); }).join();
  EXPECT_STRNE(oarlock_last_error(), "");
}

TEST_F(CApi, RunsFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      oarlock_value* y = nullptr;
      for (int i = 0; i < 50; ++i) {
        oarlock_value* x = pair(static_cast<float>(t), static_cast<float>(i));
        EXPECT_EQ(run(x, &y), OARLOCK_OK);
        EXPECT_THAT(floats(y), ElementsAre(2 * t, 2 * i));
        oarlock_value_free(x);
      }
      oarlock_value_free(y);
    });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(CApi, StopsWhenCancelled) {
  oarlock_cancellation* cancel = nullptr;
  ASSERT_EQ(oarlock_cancellation_new(&cancel), OARLOCK_OK);
  oarlock_cancellation_set(cancel, true);
  oarlock_value* x = pair(1, 2);
  const oarlock_value* inputs[] = {x};
  oarlock_value* y = nullptr;
  EXPECT_EQ(oarlock_session_run(session_, inputs, 1, &y, 1, cancel), OARLOCK_CANCELLED);
  oarlock_cancellation_set(cancel, false);
  EXPECT_EQ(oarlock_session_run(session_, inputs, 1, &y, 1, cancel), OARLOCK_OK);
  oarlock_value_free(x);
  oarlock_value_free(y);
  oarlock_cancellation_free(cancel);
}

TEST_F(CApi, ValuesOfEveryKind) {
  const int64_t shape[] = {2};
  const char* texts[] = {"one", "two"};
  oarlock_value* strings = nullptr;
  ASSERT_EQ(oarlock_value_strings(shape, 1, texts, nullptr, &strings), OARLOCK_OK);
  size_t length = 0;
  EXPECT_STREQ(oarlock_value_string(strings, 1, &length), "two");
  EXPECT_EQ(length, 3u);
  EXPECT_EQ(oarlock_value_string(strings, 2, nullptr), nullptr);
  EXPECT_EQ(oarlock_value_data(strings), nullptr);

  int released = 0;
  float memory[] = {1, 2};
  oarlock_value* view = nullptr;
  ASSERT_EQ(oarlock_value_view(
                OARLOCK_FLOAT32, shape, 1, memory, 8, [](void* p) { ++*static_cast<int*>(p); },
                &released, &view),
            OARLOCK_OK);
  EXPECT_EQ(oarlock_value_data(view), memory);
  const oarlock_value* items[] = {strings, view};
  oarlock_value* sequence = nullptr;
  ASSERT_EQ(oarlock_value_sequence(items, 2, &sequence), OARLOCK_OK);
  oarlock_value_free(strings);
  oarlock_value_free(view);
  EXPECT_EQ(released, 0);
  EXPECT_EQ(oarlock_value_count(sequence), 2u);
  oarlock_value* item = nullptr;
  EXPECT_EQ(oarlock_value_item(sequence, 2, &item), OARLOCK_INVALID);
  ASSERT_EQ(oarlock_value_item(sequence, 1, &item), OARLOCK_OK);
  oarlock_value_free(sequence);
  EXPECT_THAT(floats(item), ElementsAre(1, 2));
  oarlock_value_free(item);
  EXPECT_EQ(released, 1);

  const int64_t numbers[] = {3, 4};
  oarlock_value *keys = nullptr, *values = nullptr, *map = nullptr;
  ASSERT_EQ(oarlock_value_tensor(OARLOCK_INT64, shape, 1, numbers, 16, &keys), OARLOCK_OK);
  ASSERT_EQ(oarlock_value_tensor(OARLOCK_FLOAT32, shape, 1, memory, 8, &values), OARLOCK_OK);
  EXPECT_EQ(oarlock_value_map(keys, nullptr, &map), OARLOCK_INVALID);
  ASSERT_EQ(oarlock_value_map(keys, values, &map), OARLOCK_OK);
  oarlock_value_free(keys);
  oarlock_value_free(values);
  EXPECT_EQ(oarlock_value_kind(map), OARLOCK_MAP);
  EXPECT_EQ(oarlock_value_count(map), 2u);
  ASSERT_EQ(oarlock_value_item(map, 0, &item), OARLOCK_OK);
  EXPECT_EQ(static_cast<const int64_t*>(oarlock_value_data(item))[1], 4);
  oarlock_value_free(item);
  ASSERT_EQ(oarlock_value_item(map, 1, &item), OARLOCK_OK);
  EXPECT_THAT(floats(item), ElementsAre(1, 2));
  oarlock_value_free(item);
  oarlock_value_free(map);

  oarlock_value* nothing = nullptr;
  ASSERT_EQ(oarlock_value_nothing(&nothing), OARLOCK_OK);
  EXPECT_EQ(oarlock_value_kind(nothing), OARLOCK_NOTHING);
  oarlock_value_free(nothing);
  oarlock_value_free(nullptr);
}

TEST_F(CApi, ListsDevicesAndSavesModels) {
  oarlock_devices* devices = nullptr;
  ASSERT_EQ(oarlock_devices_list(nullptr, &devices), OARLOCK_OK);
  ASSERT_GE(oarlock_devices_count(devices), 1u);
  EXPECT_STREQ(oarlock_devices_name(devices, oarlock_devices_count(devices) - 1), "reference");
  oarlock_devices_free(devices);

  oarlock_model* model = nullptr;
  ASSERT_EQ(oarlock_model_load(path_.c_str(), &model), OARLOCK_OK);
  ASSERT_EQ(oarlock_model_save(model, path_.c_str()), OARLOCK_OK);
  oarlock_session* session = nullptr;
  ASSERT_EQ(oarlock_session_open_model(model, nullptr, &session), OARLOCK_OK);
  oarlock_model_free(model);
  oarlock_session_free(session);
  EXPECT_STREQ(oarlock_version(), version());
  EXPECT_STREQ(oarlock_code_name(OARLOCK_IO), "io");
}

}  // namespace
}  // namespace oarlock
