// Values in images: which of them share one, and plans on a device made for the test whose kernels
// want images.
#include <gtest/gtest.h>

#include "core/graph/host_layout.h"
#include "core/plan/image_slots.h"
#include "core/plan/plan.h"
#include "core/run/program.h"

namespace oarlock {
namespace {

ImageLife life(int64_t width, int64_t height, int first, int last) {
  return {0, DType::float32, {width, height}, first, last};
}

ImageExtents extents(const ImageSlot& slot) { return *image_extents(slot.desc); }

// No two values alive together have one image, and all fit into theirs.
void expect_valid(const std::vector<ImageLife>& values, const std::vector<ImageSlot>& slots) {
  for (size_t i = 0; i < values.size(); ++i) {
    const ImageLife& v = values[i];
    ASSERT_GE(v.slot, 0);
    const ImageSlot& slot = slots[v.slot];
    EXPECT_GE(extents(slot).width, v.extents.width);
    EXPECT_GE(extents(slot).height, v.extents.height);
    EXPECT_EQ(slot.desc.dtype, v.dtype);
    EXPECT_EQ(slot.device, v.device);
    for (size_t j = 0; j < i; ++j) {
      const bool together = values[j].first <= v.last && v.first <= values[j].last;
      EXPECT_FALSE(together && values[j].slot == v.slot) << i << " and " << j;
    }
  }
}

TEST(ImageSlots, AChainTakesTwoImages) {
  std::vector<ImageLife> values;
  for (int i = 0; i < 7; ++i) values.push_back(life(100 - i, 10, i, i + 1));
  const std::vector<ImageSlot> slots = assign_images(values, false);
  expect_valid(values, slots);
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots[0].bytes() + slots[1].bytes(), (100 + 99) * 10 * 16u);
}

TEST(ImageSlots, AnImageGrowsOnlyWhereThatIsLessThanAnother) {
  // 90 x 12 covered with 100 x 10 takes 200 texels more, 10 x 100 would take 9000.
  std::vector<ImageLife> values = {life(100, 10, 0, 1), life(90, 12, 2, 3), life(10, 99, 4, 5)};
  const std::vector<ImageSlot> slots = assign_images(values, false);
  expect_valid(values, slots);
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(extents(slots[0]), (ImageExtents{100, 12}));
  EXPECT_EQ(extents(slots[1]), (ImageExtents{10, 99}));
}

TEST(ImageSlots, TypesAndDevicesStayApart) {
  std::vector<ImageLife> values = {life(8, 8, 0, 1), life(8, 8, 2, 3), life(8, 8, 4, 5)};
  values[1].dtype = DType::float16;
  values[2].device = 1;
  const std::vector<ImageSlot> slots = assign_images(values, false);
  expect_valid(values, slots);
  EXPECT_EQ(slots.size(), 3u);
  EXPECT_EQ(slots[values[1].slot].bytes(), 8 * 8 * 8u);
}

TEST(ImageSlots, SeparateValuesHaveTheirOwn) {
  std::vector<ImageLife> values = {life(8, 8, 0, 1), life(8, 8, 2, 3)};
  EXPECT_EQ(assign_images(values, true).size(), 2u);
}

TEST(ImageLayout, ExtentsFollowFromTheShape) {
  const auto of = [](const Shape& shape) {
    return image_extents({DType::float32, shape, Layout::image2d()});
  };
  EXPECT_EQ(of({2, 6, 5, 7}), (ImageExtents{2 * 7, 2 * 5}));
  EXPECT_EQ(of({3, 9}), (ImageExtents{3, 3}));
  EXPECT_EQ(of({3, 9, 4}), (ImageExtents{12, 3}));
  EXPECT_EQ(of({2, 4, 3, 5, 7}), (ImageExtents{7, 30}));
  EXPECT_FALSE(of({5}));
  EXPECT_FALSE(of({1, Shape::kUnknown, 2, 2}));
  EXPECT_FALSE(of({1, 8, int64_t{1} << 40, int64_t{1} << 62}));
  EXPECT_EQ(storage_bytes({DType::float16, Shape{2, 6, 5, 7}, Layout::image2d()}), 14 * 10 * 8u);
  const TensorDesc packed{DType::float32, Shape{3, 3}, Layout::packed_image("form/1", 5, 6)};
  EXPECT_EQ(image_extents(packed), (ImageExtents{5, 6}));
  EXPECT_EQ(to_string(packed.layout), "form/1");
}

TEST(ImageLayout, TexelsHaveFourChannelsOfAPixel) {
  const Shape shape{2, 6, 2, 3};
  std::vector<float> from(72), to(2 * 3 * 4 * 4, -1.0f);
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i + 1);
  const TensorDesc plain{DType::float32, shape, Layout::row_major()};
  const TensorDesc image{DType::float32, shape, Layout::image2d()};
  ASSERT_TRUE(convert_layout(plain, reinterpret_cast<const std::byte*>(from.data()), image,
                             reinterpret_cast<std::byte*>(to.data()))
                  .ok());
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t c = 0; c < 8; ++c)
      for (int64_t h = 0; h < 2; ++h)
        for (int64_t w = 0; w < 3; ++w) {
          const float expected = c < 6 ? from[((n * 6 + c) * 2 + h) * 3 + w] : 0.0f;
          EXPECT_EQ(to[((n * 2 + h) * 6 + c / 4 * 3 + w) * 4 + c % 4], expected);
        }
}

// Host memory for images; counts them.
class ImageDevice final : public Device {
 public:
  ImageDevice() { info_.name = "images"; }
  const DeviceInfo& info() const override { return info_; }
  Result<BufferPtr> allocate(const MemoryRequest& r) override {
    if (r.image == nullptr) return host_->allocate(r);
    ++images;
    return host_->allocate({storage_bytes(*r.image).value_or(0), nullptr});
  }
  Status write(const TensorRef& to, std::span<const std::byte> from) override {
    return host_->write(to, from);
  }
  Status read(const TensorRef& from, std::span<std::byte> to) override {
    return host_->read(from, to);
  }

  int images = 0;

 private:
  DevicePtr host_ = make_reference_device();
  DeviceInfo info_;
};

KernelDef doubling(const char* op, const char* name, const Layout& layout, double cost,
                   bool beside_next) {
  return {op, name,
          [=](const NodeView&, const Device&) {
            KernelOption option;
            option.inputs = option.outputs = {layout};
            option.cost = cost;
            KernelNeeds needs(option);
            needs.beside_next = beside_next;
            return Result<KernelNeeds>(needs);
          },
          [](const NodeView&, const KernelOption&, Device&) -> Result<KernelPtr> {
            return make_kernel([](const KernelArgs& args) {
              const size_t n = storage_bytes(*args.inputs[0].desc).value_or(0) / sizeof(float);
              for (size_t i = 0; i < n; ++i)
                args.outputs[0].data<float>()[i] = 2 * args.inputs[0].data<float>()[i];
              return Status();
            });
          }};
}

struct ImagePlan : testing::Test {
  // "Image" is only for images, "Plain" only for buffers, "Either" has a kernel for each.
  std::vector<KernelDef> kernels = {
      doubling("test.Image", "image", Layout::image2d(), 1, false),
      doubling("test.Plain", "plain", Layout::row_major(), 1, false),
      doubling("test.Either", "either/image", Layout::image2d(), 0.5, true),
      doubling("test.Either", "either", Layout::row_major(), 1, false),
      {"oarlock.Relayout", "relayout",
       [](const NodeView&, const Device&) { return Result<KernelNeeds>(KernelNeeds()); },
       [](const NodeView&, const KernelOption&, Device&) -> Result<KernelPtr> {
         return make_kernel([](const KernelArgs& a) {
           return convert_layout(*a.inputs[0].desc, a.inputs[0].data(), *a.outputs[0].desc,
                                 a.outputs[0].data());
         });
       }}};
  Backend backend;
  std::vector<OpDef> ops;
  Runtime runtime;
  std::shared_ptr<ImageDevice> device = std::make_shared<ImageDevice>();
  Graph graph;
  ValueId last = kNone;

  ImagePlan() {
    for (const char* name : {"Image", "Plain", "Either"})
      ops.push_back({.domain = "test", .name = name, .inputs = 1, .infer = same_type_as_input});
    runtime.devices.ops = OpRegistry::core();
    runtime.devices.ops.add(ops);
    PlacedDevice placed{device, &backend, {}};
    for (const KernelDef& k : kernels) placed.kernels[k.op].push_back(&k);
    runtime.devices.devices.push_back(std::move(placed));
    runtime.devices.devices.push_back({make_reference_device(), nullptr, {}});
    last = graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{1, 6, 3, 5}));
  }

  void add(const char* op) {
    Node n;
    n.domain = "test";
    n.op = op;
    n.name = concat(op, graph.node_count());
    n.inputs = {last};
    const NodeId id = *graph.add_node(n, {n.name + "_out"});
    EXPECT_TRUE(resolve_node(graph, id, runtime.devices.ops).ok());
    EXPECT_TRUE(infer_node(graph, id).ok());
    last = graph.node(id).outputs[0];
  }

  std::shared_ptr<const Plan> plan() {
    const TypeInfo type = graph.value(graph.inputs()[0]).type;
    auto made =
        make_plan(graph, {&type, 1}, runtime.devices, runtime.constants, runtime.plan_options);
    EXPECT_TRUE(made.ok()) << to_string(made.status());
    return made.ok() ? *made : nullptr;
  }

  std::string kernels_of(const Plan& p) {
    std::string list;
    for (const PlannedStep& s : p.explanation.steps) list += s.kernel + " ";
    return list;
  }

  // Expects x times `factor`, three times.
  void expect_times(float factor) {
    Tensor x = *Tensor::allocate(DType::float32, Shape{1, 6, 3, 5});
    for (int64_t i = 0; i < x.elements(); ++i) x.mutable_as<float>()[i] = static_cast<float>(i);
    Program program(std::make_shared<Graph>(graph), runtime);
    const RunOptions options;
    for (int round = 0; round < 3; ++round) {
      const Value in = x;
      Value out;
      RunState state{options};
      const Status status = program.run({&in, 1}, {&out, 1}, state);
      ASSERT_TRUE(status.ok()) << to_string(status);
      for (int64_t i = 0; i < x.elements(); ++i)
        ASSERT_EQ(out.tensor().as<float>()[i], static_cast<float>(i) * factor);
    }
  }
};

TEST_F(ImagePlan, ValuesTakeTurnsInImagesAllocatedOnce) {
  for (int i = 0; i < 5; ++i) add("Image");
  graph.add_output(last);
  const auto p = plan();
  EXPECT_EQ(kernels_of(*p), "relayout image image image image image relayout ");
  EXPECT_EQ(p->images.size(), 2u);
  EXPECT_EQ(p->explanation.peak_bytes, 2 * 10 * 3 * 16u);
  expect_times(32);
  EXPECT_EQ(device->images, 2);
}

TEST_F(ImagePlan, SeparateValuesHaveImagesOfTheirOwn) {
  runtime.plan_options.separate_values = true;
  for (int i = 0; i < 3; ++i) add("Image");
  graph.add_output(last);
  EXPECT_EQ(plan()->images.size(), 4u);
  expect_times(8);
}

TEST_F(ImagePlan, IntermediateValuesCanBeObserved) {
  add("Image");
  const std::string name = graph.value(last).name;
  add("Image");
  graph.add_output(last);
  runtime.plan_options.separate_values = true;
  Program program(std::make_shared<Graph>(graph), runtime);
  RunOptions options;
  std::vector<float> seen;
  options.observe = [&](std::string_view value, const Value& v) {
    if (value == name) seen.assign(v.tensor().as<float>().begin(), v.tensor().as<float>().end());
  };
  Tensor x = *Tensor::allocate(DType::float32, Shape{1, 6, 3, 5});
  for (int64_t i = 0; i < x.elements(); ++i) x.mutable_as<float>()[i] = static_cast<float>(i);
  const Value in = x;
  Value out;
  RunState state{options};
  ASSERT_TRUE(program.run({&in, 1}, {&out, 1}, state).ok());
  ASSERT_EQ(seen.size(), 90u);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 2 * static_cast<float>(i));
}

TEST_F(ImagePlan, TheChoiceOfLayoutsChoosesAmongKernels) {
  // Alone, between buffers, images do not pay; in a long chain they do.
  add("Plain");
  add("Either");
  add("Plain");
  for (int i = 0; i < 8; ++i) add("Either");
  graph.add_output(last);
  const auto p = plan();
  EXPECT_EQ(kernels_of(*p),
            "plain either plain relayout either/image either/image either/image either/image "
            "either/image either/image either/image either/image relayout ");
  bool explained = false;
  for (const Refusal& r : p->explanation.steps[1].refusals)
    explained = explained || r.kernel == "either/image";
  EXPECT_TRUE(explained);
  expect_times(2048);
}

}  // namespace
}  // namespace oarlock
