package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.checkpoint.Npy;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PySlowFast's numbers through the command line: its checkpoint and its input as files, its outputs as files. */
class ForwardCommandTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden", "slow");

    @TempDir
    Path folder;

    private HostArray forward(String net, String input, Object... more) {
        Path y = folder.resolve("y.npy");
        Object[] args = new Object[7 + more.length];
        Object[] fixed = {"forward", "--weights", weights(net), "--input", GOLDEN.resolve(input), "--output", y};
        System.arraycopy(fixed, 0, args, 0, 7);
        System.arraycopy(more, 0, args, 7, more.length);
        CommandRun run = CommandRun.of(args).done();
        HostArray result = Npy.read(y);
        assertEquals(y + ": " + result.type(), run.out().strip());
        return result;
    }

    private static Path weights(String net) {
        return GOLDEN.resolve(net.equals("slow") ? "slow_r50_w8.pyth" : "slowd_r50_w6.pyth");
    }

    /** The tolerances are the goldens' own: 1e-5 for a float32 program on these small nets, 1e-10 for float64. */
    @ParameterizedTest
    @CsvSource({"slow,A,frames_u8", "slow,B,input", "slow,C,input", "slowd,A,frames_u8", "slowd,B,input", "slowd,C,input"})
    void nodesAreThoseOfPySlowFast(String net, String name, String input) {
        for (String[] node : new String[][] {{"feature", "feat"}, {"logits", "logits"}, {"probabilities", "prob"}}) {
            HostArray expected = Npy.read(GOLDEN.resolve(net + "_" + name + "." + node[1] + "_f64.npy"));
            HostArray cpu = forward(net, net + "_" + name + "." + input + ".npy", "--node", node[0]);
            assertEquals(DType.F32, cpu.dtype());
            assertEquals(expected.shape(), cpu.shape());
            assertArrayEquals(expected.toDoubles(), cpu.toDoubles(), 1e-5, net + "_" + name + " " + node[0]);
        }
        // frames are normalised in float32 in the reference, in float64 here: its input is 6e-8 off
        double tolerance = input.equals("frames_u8") ? 1e-6 : 1e-10;
        HostArray expected = Npy.read(GOLDEN.resolve(net + "_" + name + ".logits_f64.npy"));
        HostArray exact = forward(net, net + "_" + name + "." + input + ".npy", "--node", "LOGITS", "--device", "reference");
        assertEquals(DType.F64, exact.dtype());
        assertArrayEquals(expected.toDoubles(), exact.toDoubles(), tolerance);
    }

    @Test
    void poolsAreSettable() {
        HostArray own = forward("slowd", "slowd_C.input.npy");
        assertEquals(Shape.of(1, 1, 2, 1, 192), own.shape());
        assertArrayEquals(own.toFloats(), forward("slowd", "slowd_C.input.npy", "--pool", "crop", "--pool-kernel", "8,2,2").toFloats());
        HostArray global = forward("slowd", "slowd_C.input.npy", "--pool", "global");
        assertEquals(Shape.of(1, 1, 1, 1, 192), global.shape());
        assertEquals(Shape.of(1, 8, 3, 2, 192), forward("slowd", "slowd_C.input.npy", "--pool-kernel", "1,1,1").shape());
        CommandRun.of("forward", "--weights", weights("slowd"), "--input", GOLDEN.resolve("slowd_C.input.npy"), "--output",
            folder.resolve("z.npy"), "--pool", "global", "--pool-kernel", "1,1,1").failed(ExitCode.FAILED, "global pool", "1x1x1");
    }

    @Test
    void tensorsOfOtherShapesAreRefused() {
        Path x = folder.resolve("x.npy");
        Path z = folder.resolve("z.npy");
        Npy.write(x, HostArray.allocate(DType.F32, Shape.of(1, 16, 32, 32, 3)));
        CommandRun.of("forward", "--weights", weights("slowd"), "--input", x, "--output", z)
            .failed(ExitCode.FAILED, "F32 [1, 16, 32, 32, 3]", "[N, 3, T, H, W]");
        Npy.write(x, HostArray.allocate(DType.I64, Shape.of(1, 3, 16, 32, 32)));
        CommandRun.of("forward", "--weights", weights("slowd"), "--input", x, "--output", z).failed(ExitCode.FAILED, "I64");
        Npy.write(x, HostArray.allocate(DType.F32, Shape.of(1, 3, 2, 8, 8)));
        CommandRun.of("forward", "--weights", weights("slow"), "--input", x, "--output", z).failed(ExitCode.FAILED, "does not fit");
        assertFalse(Files.exists(z));
        Npy.write(x, HostArray.allocate(DType.F64, Shape.of(1, 3, 16, 64, 64)));
        assertTrue(CommandRun.of("forward", "--weights", weights("slowd"), "--input", x, "--output", z).done().out().contains("F32"));
    }
}
