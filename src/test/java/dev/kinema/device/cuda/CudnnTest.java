package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Extent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * That cuDNN is called as its documentation says, through the presets, with a library of ours in its place: the presets, the descriptions
 * and the layouts are tested, NVIDIA's library is not.
 */
class CudnnTest {
    private static final Extent ONE = Extent.ONE;

    @TempDir
    private Path folder;

    @Test
    void convolutionsAreThoseOfOurKernels() throws IOException, InterruptedException {
        Emulated.device().close();
        StandIns.need("libjnicudnn.so");
        StandIns standIns = new StandIns(folder);
        standIns.empty("libcuda.so.1", "libcudart.so.13", "libcublas.so.13", "libcudnn_adv.so.9");
        standIns.build("cublaslt.cc", "libcublasLt.so.13");
        for (String part : List.of("graph", "ops", "cnn")) {
            standIns.build("cudnn.cc", "libcudnn_" + part + ".so.9");
        }
        String text = standIns.run("dev.kinema.device.cuda.CudnnCheck");
        assertTrue(text.startsWith("cuBLASLt 13.0.2 and cuDNN 9.20.1\n") && text.endsWith("done\n"), text);
        for (String kind : List.of("stem", "1x3x3", "strided", "3x1x1", "1x1x1")) {
            for (String what : List.of("forward", "fused", "dx", "dw")) {
                assertTrue(text.contains("FP32 " + kind + " " + what + ": ") && text.contains("BF16 " + kind + " " + what + ": "), text);
            }
        }
        String point = " with [8, 8, 1, 1, 1], stride 1x1x1, padding 0x0x0, F32: our own, as cudnn does not do it: ";
        for (String what : List.of("a", "the gradient of the input of a", "the gradient of the weights of a")) {
            String convolution = what + " convolution of ";
            assertTrue(text.contains(convolution + "[3, 1, 2, 2, 8]" + point + "it knows no algorithm\n"), text);
            assertTrue(text.contains(convolution + "[5, 1, 2, 2, 8]" + point
                + "the algorithms it knows have their sums in no fixed order\n"), text);
            assertTrue(text.contains(convolution + "[9, 1, 2, 2, 8]" + point
                + "it does not take its sizes, status 3000 of cudnnStatus_t\n"), text);
            assertTrue(text.contains(convolution + "[7, 1, 2, 2, 8]" + point + "the algorithms it knows need more than 512 MiB\n"), text);
        }
        assertEquals(3, text.lines().filter(l -> l.contains("of [2, 2, 3, 3, 8]") && l.contains(" ms, not ")).count(), text);
    }

    private static Convolution convolution(Shape x, Shape weight, DType dtype) {
        return Convolution.gradient(Convolution.Direction.FORWARD, x, weight, ONE, Extent.ZERO, dtype);
    }

    @Test
    void whatCudnnCannotDoIsNotAskedFor() {
        Convolution point = convolution(Shape.of(1, 8, 56, 56, 64), Shape.of(256, 64, 1, 1, 1), DType.BF16);
        Convolution frames = convolution(Shape.of(1, 8, 56, 56, 64), Shape.of(64, 64, 3, 1, 1), DType.BF16);
        assertEquals(null, Cudnn.refusal(point, 92_001));
        assertEquals(null, Cudnn.refusal(frames, 92_001));
        for (long version : new long[] {90_800, 91_002, 91_400}) {
            assertEquals("cuDNN 9.8 to 9.14 are known for wrong results in BF16", Cudnn.refusal(frames, version));
            assertEquals(null, Cudnn.refusal(point, version), "a product");
        }
        assertEquals(null, Cudnn.refusal(frames, 90_701));
        assertEquals(null, Cudnn.refusal(frames, 91_500));
        assertEquals(null, Cudnn.refusal(convolution(frames.x(), frames.weight(), DType.F32), 91_002));
        assertEquals("it is empty", Cudnn.refusal(convolution(Shape.of(0, 8, 56, 56, 64), frames.weight(), DType.F32), 92_001));
        assertEquals("more than 2^31 - 1 elements",
            Cudnn.refusal(convolution(Shape.of(1400, 8, 56, 56, 64), point.weight(), DType.F32), 92_001));
        assertEquals("more than 65536 channels",
            Cudnn.refusal(convolution(Shape.of(1, 1, 1, 1, 4), Shape.of(65_537, 4, 1, 1, 1), DType.F32), 92_001));
    }

    @Test
    void resultsAreSizedAsTheGraphSizesThem() {
        Convolution stem = new Convolution(Convolution.Direction.FORWARD, Shape.of(2, 16, 224, 224, 3), Shape.of(64, 3, 5, 7, 7),
            new Extent(2, 2, 2), new Extent(2, 3, 3), true, true, true, DType.BF16);
        assertEquals(Shape.of(2, 8, 112, 112, 64), stem.output());
        assertEquals("a convolution of [2, 16, 224, 224, 3] with [64, 3, 5, 7, 7], stride 2x2x2, padding 2x3x3, BF16, bias, residual, ReLU",
            stem.toString());
    }
}
