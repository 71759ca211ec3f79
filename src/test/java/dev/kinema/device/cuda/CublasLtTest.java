package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * That cuBLASLt is called as its documentation says, through the presets, with a library of ours in its place: the presets and the layouts
 * are tested, NVIDIA's library is not. In a process of its own, as libraries are found by what it is started with.
 */
class CublasLtTest {
    @TempDir
    private Path folder;

    @Test
    void productsAreThoseOfOurKernels() throws IOException, InterruptedException {
        Emulated.device().close();
        StandIns.need("libjnicublas.so");
        StandIns standIns = new StandIns(folder);
        standIns.empty("libcuda.so.1", "libcudart.so.13", "libcublas.so.13");
        standIns.build("cublaslt.cc", "libcublasLt.so.13");
        String text = standIns.run("dev.kinema.device.cuda.CublasLtCheck");
        assertTrue(text.startsWith("cuBLASLt 13.0.2\n") && text.endsWith("done\n"), text);
        for (String form : List.of("plain", "bias", "relu", "gelu", "product0", "product1", "product2", "product3")) {
            assertTrue(text.contains("FP32 " + form + ": ") && text.contains("BF16 " + form + ": "), text);
        }
        assertTrue(text.contains("a product of 1 x 1 x 6 and 6 x 5, F32 to F32: our own, as cublaslt does not do it: it knows no"
            + " algorithm\n"), text);
        assertTrue(text.contains("\ncuda-emulated:0 cannot always use the vendor's libraries: cuDNN cannot be loaded ("), text);
        assertTrue(text.lines().filter(l -> l.contains(" ms, not ")).count() == 8, text);
    }
}
