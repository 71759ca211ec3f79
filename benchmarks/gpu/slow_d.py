"""Slow-D with a ResNet-50 in PyTorch, to be timed beside ours: the network of `SlowConfig.SLOW_D_R50`, written from the paper's table.

Stem 5x7x7 with stride 2, 2, 2, pool 1x3x3 with stride 1, 2, 2; 3, 4, 6, 3 bottlenecks whose first convolution is 1x1x1 in the first two
stages and 3x1x1 in the last two; the stride of a stage in the 1x3x3 of its first block. Clips [N, 3, 16, 224, 224], features [N, 2048].
"""
import copy

import torch
from torch import nn
from torch.nn import functional


def conv_norm(inputs, outputs, kernel, stride=(1, 1, 1)):
    padding = tuple(k // 2 for k in kernel)
    return nn.Sequential(nn.Conv3d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm3d(outputs))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, temporal, stride):
        super().__init__()
        self.a = conv_norm(inputs, width, (temporal, 1, 1))
        self.b = conv_norm(width, width, (1, 3, 3), (1, stride, stride))
        self.c = conv_norm(width, 4 * width, (1, 1, 1))
        changes = stride > 1 or inputs != 4 * width
        self.shortcut = conv_norm(inputs, 4 * width, (1, 1, 1), (1, stride, stride)) if changes else nn.Identity()

    def forward(self, x):
        y = self.c(functional.relu(self.b(functional.relu(self.a(x)))))
        return functional.relu(y + self.shortcut(x))


class SlowD(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv_norm(3, 64, (5, 7, 7), (2, 2, 2))
        blocks, inputs = [], 64
        for stage, count in enumerate((3, 4, 6, 3)):
            width = 64 << stage
            for block in range(count):
                blocks.append(Bottleneck(inputs, width, 1 if stage < 2 else 3, 2 if stage > 0 and block == 0 else 1))
                inputs = 4 * width
        self.blocks = nn.Sequential(*blocks)

    def forward(self, clips):
        x = functional.max_pool3d(functional.relu(self.stem(clips)), (1, 3, 3), (1, 2, 2), (0, 1, 1))
        return self.blocks(x).mean((2, 3, 4))


class CvrlStep(nn.Module):
    """The loss of CVRL: two clips of each film, a head of three hidden layers, each clip told apart from all others of the batch."""

    def __init__(self, width=128, temperature=0.1):
        super().__init__()
        self.backbone = SlowD()
        hidden = [m for _ in range(3) for m in (nn.Linear(2048, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU())]
        self.head = nn.Sequential(*hidden, nn.Linear(2048, width))
        self.temperature = temperature

    def forward(self, clips):
        """Clips [2 * films, 3, T, H, W]: the first of all films, then the second."""
        rows = functional.normalize(self.head(self.backbone(clips)).float(), dim=1)
        scores = (rows @ rows.t() / self.temperature).fill_diagonal_(float("-inf"))
        count = clips.shape[0]
        return functional.cross_entropy(scores, torch.arange(count, device=clips.device).roll(count // 2))


def folded(network):
    """A copy in evaluation whose convolutions have their batch norms in their weights."""
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Sequential) and len(child) == 2 and isinstance(child[1], nn.BatchNorm3d):
                setattr(module, name, nn.utils.fuse_conv_bn_eval(child[0], child[1]))
    return network
