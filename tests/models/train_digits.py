#!/usr/bin/env python3
"""Trains the sample classifier and writes digits.onnx, digits.txt and a few PNG images.

Data: scikit-learn's bundled handwritten digits (1,797 grey pictures of 8x8 pixels, 0..16),
enlarged to 28x28 pixels of 0..255, light ink on a dark ground. Every fifth picture is held out.
The model takes such pixels unchanged: input "image" is uint8 [batch, 1, 28, 28]; output
"probabilities" is float32 [batch, 10], softmax over the digits 0..9. Conversion to float and
scaling by 1/255 are part of the graph.

Needs PyTorch, scikit-learn and Pillow (Debian: python3-torch python3-sklearn python3-pil).
Repeatable: one thread and fixed seeds; the same versions on the same machine write the same file.
"""

import argparse
import pathlib

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

SIZE = 28
SEED = 20


class Digits(torch.nn.Module):
    """Three convolutions with batch normalization, pooling, one dense layer, softmax."""

    def __init__(self):
        super().__init__()
        def block(inputs, outputs):
            return [
                torch.nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                torch.nn.BatchNorm2d(outputs),
                torch.nn.ReLU(),
            ]

        self.features = torch.nn.Sequential(
            *block(1, 12), torch.nn.MaxPool2d(2),
            *block(12, 24), torch.nn.MaxPool2d(2),
            *block(24, 48), torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten())
        self.dense = torch.nn.Linear(48, 10)

    def logits(self, image):
        return self.dense(self.features(image.to(torch.float32) / 255.0))

    def forward(self, image):
        return torch.softmax(self.logits(image), dim=1)


def enlarge(picture):
    grey = Image.fromarray(np.round(picture * (255.0 / 16.0)).astype(np.uint8))
    return np.asarray(grey.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def load():
    digits = load_digits()
    images = np.stack([enlarge(picture) for picture in digits.images])[:, None]
    held_out = np.arange(len(images)) % 5 == 4
    return images, digits.target, held_out


def shifted(batch, generator):
    """Each picture moved by up to two pixels, as a hand would."""
    out = torch.zeros_like(batch)
    for i, picture in enumerate(batch):
        dy, dx = torch.randint(-2, 3, (2,), generator=generator).tolist()
        out[i] = torch.roll(picture, (dy, dx), (1, 2))
    return out


def train(images, labels, epochs):
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    generator = torch.Generator().manual_seed(SEED)
    model = Digits()
    steps = epochs * ((len(images) + 63) // 64)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(images), generator=generator).split(64):
            loss = torch.nn.functional.cross_entropy(
                model.logits(shifted(images[chosen], generator)), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        print(f"epoch {epoch + 1:2d}/{epochs}  loss {total / len(images):.4f}", flush=True)
    return model.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()

    images, labels, held_out = load()
    tensor = torch.from_numpy(images)
    target = torch.from_numpy(labels)
    model = train(tensor[~held_out], target[~held_out], arguments.epochs)
    with torch.no_grad():
        right = model(tensor[held_out]).argmax(1) == target[held_out]
    print(f"held-out accuracy {right.float().mean().item():.4f} of {len(right)} pictures")

    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model, tensor[:1], str(arguments.out / "digits.onnx"), opset_version=17,
        training=torch.onnx.TrainingMode.PRESERVE,  # keeps batch normalization as its own node
        input_names=["image"], output_names=["probabilities"],
        dynamic_axes={"image": {0: "batch"}, "probabilities": {0: "batch"}})
    (arguments.out / "digits.txt").write_text("".join(f"{digit}\n" for digit in range(10)))
    folder = arguments.out / "digits"
    folder.mkdir(exist_ok=True)
    for digit in range(10):
        first = np.flatnonzero(held_out & (labels == digit))[0]
        Image.fromarray(images[first, 0]).save(folder / f"{digit}.png", optimize=True)


if __name__ == "__main__":
    main()
