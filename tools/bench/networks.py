#!/usr/bin/env python3
"""Writes the networks of the benchmark as ONNX files (opset 13, batch 1, seeded random weights).

    tools/bench/networks.py FOLDER [--batches 8,32] [--lengths 16,64,256,512]

With --batches also resnet50_bN and mobilenet_v2_bN; with --lengths also minilm_l6_sN. Files that are
there already are kept. Needs the packages torch and torchvision.
"""

import argparse
import inspect
import os
import pathlib

import torch
import torchvision
from torch import nn

IMAGE_NETWORKS = ["densenet121", "efficientnet_b0", "mobilenet_v2", "mobilenet_v3_large",
                  "regnet_y_400mf", "resnet18", "resnet50", "shufflenet_v2_x1_0", "squeezenet1_1",
                  "vgg16", "vit_b_32"]


def convolution(inputs, outputs, kernel, stride=1, groups=1):
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs), nn.ReLU6()]


def mobilenet_v1():
    """Howard et al. 2017, width 1."""
    layers, channels = convolution(3, 32, 3, 2), 32
    for outputs, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
                            (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)]:
        layers += convolution(channels, channels, 3, stride, groups=channels)
        layers += convolution(channels, outputs, 1)
        channels = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


class EncoderLayer(nn.Module):
    """Attention and a feed-forward part, each with a residual and a normalization after it."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.expand = nn.Linear(width, 4 * width)
        self.shrink = nn.Linear(4 * width, width)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])

    def forward(self, x):
        batch, length, width = x.shape

        def split(t):
            return t.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
        q, k, v = map(split, self.qkv(x).chunk(3, -1))
        scores = (q @ k.transpose(-1, -2)) * (width // self.heads) ** -0.5
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = self.norms[0](x + self.project(mixed))
        return self.norms[1](x + self.shrink(nn.functional.gelu(self.expand(x))))


class MiniLM(nn.Module):
    """The shape of all-MiniLM-L6: 6 layers, width 384, 12 heads."""

    def __init__(self, width=384, layers=6, heads=12, words=30522):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.positions = nn.Embedding(512, width)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.Sequential(*[EncoderLayer(width, heads) for _ in range(layers)])

    def forward(self, ids):
        return self.layers(self.norm(self.words(ids) + self.positions(torch.arange(ids.shape[1]))))


def export(folder, name, make, example):
    path = folder / f"{name}.onnx"
    if path.exists():
        return
    torch.manual_seed(0)
    network = make().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.normal_(module.weight, std=0.02)  # a head that starts at zero hides differences
    partial = path.with_suffix(".partial")
    # Later versions of torch have a second exporter, which they take unless told otherwise.
    chosen = "dynamo" in inspect.signature(torch.onnx.export).parameters
    torch.onnx.export(network, (example,), str(partial), opset_version=13, input_names=["input"],
                      output_names=["output"], **({"dynamo": False} if chosen else {}))
    os.replace(partial, path)
    print(path.name, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--batches", default="")
    parser.add_argument("--lengths", default="")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)

    def image(batch):
        return torch.zeros(batch, 3, 224, 224)

    def ids(length):
        return torch.zeros(1, length, dtype=torch.int64)
    for name in IMAGE_NETWORKS:
        export(args.folder, name, lambda: getattr(torchvision.models, name)(weights=None), image(1))
    export(args.folder, "mobilenet_v1", mobilenet_v1, image(1))
    export(args.folder, "minilm_l6_s128", MiniLM, ids(128))
    for batch in map(int, filter(None, args.batches.split(","))):
        for name in ("resnet50", "mobilenet_v2"):
            export(args.folder, f"{name}_b{batch}",
                   lambda: getattr(torchvision.models, name)(weights=None), image(batch))
    for length in map(int, filter(None, args.lengths.split(","))):
        export(args.folder, f"minilm_l6_s{length}", MiniLM, ids(length))


if __name__ == "__main__":
    main()
