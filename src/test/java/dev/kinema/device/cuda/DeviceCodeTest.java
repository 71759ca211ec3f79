package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;

/** What the library that nvcc has built holds for devices: code for those asked for, and PTX, which drivers compile for later ones. */
class DeviceCodeTest {
    private static final Path LIBRARY = Path.of("target/stage/dev/kinema/device/cuda/binding", Loader.Detector.getPlatform(),
        "libkinema_cuda.so");
    /** Of a container of code: this word, 16 bits each of its version and of its header's size, 64 bits of what follows. */
    private static final int MAGIC = 0xBA55ED50;
    private static final int VERSION_AND_SIZE = 16 << 16 | 1;
    private static final int HEADER = 16;

    /**
     * "code 80", "PTX 90", ...: what the containers of the library are for. The header of an entry has its kind in 16 bits (1 PTX, 2 code),
     * its own size at byte 4, that of what follows it at byte 8, and the architecture, without its letter, at byte 28.
     */
    private static Set<String> contents(byte[] library) {
        ByteBuffer bytes = ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
        Set<String> contents = new TreeSet<>();
        for (int at = 0; at + HEADER <= library.length; at += 4) {
            if (bytes.getInt(at) == MAGIC && bytes.getInt(at + 4) == VERSION_AND_SIZE) {
                int end = Math.toIntExact(at + HEADER + bytes.getLong(at + 8));
                for (int entry = at + HEADER; entry < end; entry += Math.toIntExact(bytes.getInt(entry + 4) + bytes.getLong(entry + 8))) {
                    contents.add((bytes.getShort(entry) == 1 ? "PTX " : "code ") + bytes.getInt(entry + 28));
                }
            }
        }
        return contents;
    }

    /** What a list of CMake's is for: a number alone means code and PTX. */
    private static Set<String> wanted(String architectures) {
        Set<String> wanted = new TreeSet<>();
        for (String architecture : architectures.split(";")) {
            String number = architecture.replaceFirst("[af]?(-.*)?$", "");
            if (!architecture.endsWith("-virtual")) {
                wanted.add("code " + number);
            }
            if (!architecture.endsWith("-real")) {
                wanted.add("PTX " + number);
            }
        }
        return wanted;
    }

    @Test
    void theLibraryIsForWhatWasAskedFor() throws IOException {
        assumeTrue(Files.exists(LIBRARY), "nvcc has not built the kernels: there is no " + LIBRARY);
        String asked = SpillTest.architectures();
        assumeTrue(asked.matches("(\\d+[af]?(-real|-virtual)?;?)+"), "'" + asked + "' is known to nvcc alone");
        assertEquals(wanted(asked), contents(Files.readAllBytes(LIBRARY)));
    }

    /** Unless something else is asked for: A100, H100, and PTX for what comes after them. */
    @Test
    void theBuildIsForTheDevicesThatWeName() throws IOException {
        Matcher list = Pattern.compile("set\\(KINEMA_CUDA_ARCHITECTURES \"([^\"]+)\"")
            .matcher(Files.readString(Path.of("cmake/KinemaCuda.cmake")));
        assertTrue(list.find());
        assertEquals(Set.of("80-real", "90a-real", "90-virtual"), Set.of(list.group(1).split(";")));
        assertEquals(Set.of("code 80", "code 90", "PTX 90"), wanted(list.group(1)));
    }
}
