package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Libraries of kernels that do not belong to the classes, in processes of their own, as one loads a library once. */
class CudaLoadingTest {
    @TempDir
    private Path folder;

    /** What {@code kinema devices} says with {@code folder} first on the class path. */
    private String devices(String property) throws IOException, InterruptedException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(argument -> argument.startsWith("--")).forEach(java::add);
        java.add("-Dorg.bytedeco.javacpp.cachedir=" + System.getProperty("org.bytedeco.javacpp.cachedir"));
        java.add("-Dorg.bytedeco.javacpp.platform" + property);
        java.addAll(List.of("-cp", folder + File.pathSeparator
            + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), "dev.kinema.cli.Main", "devices"));
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(java).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertTrue(process.waitFor(2, TimeUnit.MINUTES), "the process ends");
        String text = Files.readString(output);
        assertEquals(0, process.exitValue(), text);
        return text;
    }

    @Test
    void aLibraryOfAnotherBuildIsRefused() throws IOException, InterruptedException {
        Emulated.device().close();
        String resources = "dev/kinema/device/cuda/binding/" + Loader.Detector.getPlatform() + "-emulated";
        Path stale = Files.createDirectories(folder.resolve(resources)).resolve("build-id");
        Files.writeString(stale, "0123456789abcdef\n", StandardCharsets.UTF_8);
        String text = devices(".extension=-emulated");
        assertTrue(text.contains("cuda-emulated:0 cannot be opened: the library of CUDA kernels that was loaded is of build ")
            && text.contains("the one on the class path of build 0123456789abcdef: empty the folder"), text);
    }

    /** What nvcc makes has CUDA's runtime in it: it loads where nothing of NVIDIA's is, and says so. */
    @Test
    void theLibraryForDevicesLoadsWithoutADriver() throws IOException, InterruptedException {
        String resource = "dev/kinema/device/cuda/binding/" + Loader.Detector.getPlatform() + "/libkinema_cuda.so";
        assumeTrue(CudaLoadingTest.class.getClassLoader().getResource(resource) != null, "nvcc has not built the kernels: no " + resource);
        for (String driver : List.of("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib/wsl/lib", "/usr/local/cuda/compat")) {
            assumeFalse(Files.exists(Path.of(driver, "libcuda.so.1")), "there is a driver in " + driver);
        }
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "there is a driver");
        String text = devices("=" + Loader.Detector.getPlatform());
        assertTrue(text.contains("cuda:0          cannot be opened: there is no NVIDIA driver on this machine (libcuda.so.1 was not "
            + "found): install NVIDIA's driver ("), text);
        assertTrue(text.contains("this process runs the kernels for devices"), text);
    }

    @Test
    void aLibraryThatIsMissingIsNamed() throws IOException, InterruptedException {
        String text = devices("=linux-nowhere");
        assertTrue(text.contains("cuda:0          cannot be opened: the library of CUDA kernels for linux-nowhere cannot be loaded ("), text);
        assertTrue(text.contains("put the jar kinema-<version>-"), text);
    }
}
