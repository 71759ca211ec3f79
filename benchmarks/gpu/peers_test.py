#!/usr/bin/env python3
"""Holds every peer against its reference at small shapes, on the processor, where there is PyTorch: benchmarks/gpu/peers_test.py."""
import unittest

import peer_work
import slow_d
from peer_cases import work_of
from peer_clock import distance
from peer_work import torch

CONVOLUTIONS = ("n=2 t=4 h=6 w=6 i=3 o=4 kt=3 kh=3 kw=3 st=2 sh=2 sw=2 pt=1 ph=1 pw=1",
                "n=2 t=3 h=5 w=4 i=8 o=4 kt=1 kh=1 kw=1 st=1 sh=1 sw=1 pt=0 ph=0 pw=0",
                "n=2 t=3 h=5 w=4 i=8 o=4 kt=1 kh=1 kw=1 st=1 sh=2 sw=2 pt=0 ph=0 pw=0",
                "n=2 t=3 h=6 w=5 i=4 o=8 kt=1 kh=3 kw=3 st=1 sh=2 sw=2 pt=0 ph=1 pw=1",
                "n=2 t=5 h=4 w=3 i=4 o=8 kt=3 kh=1 kw=1 st=1 sh=1 sw=1 pt=1 ph=0 pw=0")
CASES = [f"conv3d.{what} f32 {shape}" for what in ("forward", "forward+finish", "input_gradient", "weight_gradient")
         for shape in CONVOLUTIONS]
CASES += [f"attention.{what} f32 batch=70 queries={n} keys={m} heads=2 depth=8 causal={causal} masked={masked} dropout%=0"
          for what in ("forward", "gradient") for n, m, causal, masked in ((5, 5, 0, 0), (5, 5, 1, 0), (6, 3, 0, 1))]
CASES += [f"infonce.{what} f32 rows=6 width=8 capacity=40 counted=0 owners=0 unit=1" for what in ("loss", "one_pass.gradient", "step")]
CASES += [f"matmul.multiply f32 batch={b} m=3 n=5 k=4 ta={ta} tb={tb} activation=0 finished=0 y=0"
          for b in (1, 2) for ta in (0, 1) for tb in (0, 1)]
CASES += [f"matmul.multiply f32 batch=1 m=3 n=5 k=4 ta=0 tb=1 activation={a} finished=1 y=0" for a in range(4)]
CASES += [f"layernorm.{what} f32 rows=6 width=8" for what in ("forward", "gradient")]
CASES += [f"batchnorm.{what} f32 rows=12 channels=4" for what in (
    "forward", "forward, relu", "forward + residual, relu", "inference + residual, relu", "gradient", "gradient through relu")]
CASES += ["softmax.forward f32 rows=4 columns=7"]
CASES += [f"softmax.{what} f32 rows=4 columns=7 smoothing%=0 ignoring=0 all=0" for what in ("cross_entropy", "cross_entropy_gradient")]
ON_DEVICES_ALONE = ("SDPA EFFICIENT_ATTENTION", "SDPA CUDNN_ATTENTION", "SDPA FLASH_ATTENTION")


class PeersTest(unittest.TestCase):
    def test_peers_compute_what_the_reference_does(self):
        peer_work.DEVICE = "cpu"
        for case in CASES:
            torch.manual_seed(1)
            kernel, shape = case.split(" f32 ", 1)
            work = work_of(kernel, "f32", shape)
            operands = work.operands()
            exact = {name: t.double() if t.is_floating_point() else t for name, t in operands.items()}
            expected = [r.detach() for r in work.reference(exact)]
            for peer in work.peers:
                if peer.compiles or peer.name in ON_DEVICES_ALONE:
                    continue
                with self.subTest(case=case, peer=peer.name):
                    actual = peer.plain(peer.prepare(operands)())
                    self.assertLess(distance(torch, expected, actual), 1e-5)  # float32, sums of at most a hundred terms

    def test_slow_d_has_the_papers_parameters_and_folds(self):
        torch.manual_seed(1)
        network = slow_d.SlowD().eval()
        # convolutions of a ResNet-50 with a 5x7x7 stem, 3x1x1 in ten blocks less one: 31.62 million
        convolutions = sum(p.numel() for p in network.parameters() if p.dim() == 5)
        self.assertAlmostEqual(convolutions / 1e6, 31.62, places=2)
        clips = torch.randn(1, 3, 16, 64, 64)
        with torch.no_grad():
            expected = network(clips)
            self.assertEqual(expected.shape, (1, 2048))
            self.assertLess(distance(torch, [expected], [slow_d.folded(network)(clips)]), 1e-5)

    def test_a_step_reaches_every_weight(self):
        torch.manual_seed(1)
        network = slow_d.CvrlStep()
        network(torch.randn(4, 3, 16, 32, 32)).backward()
        self.assertEqual([], [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0])


if __name__ == "__main__":
    unittest.main()
