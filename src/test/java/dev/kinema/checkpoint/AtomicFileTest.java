package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void writesAndReplaces() throws IOException {
        Path file = folder.resolve("x.json");
        AtomicFile.writeText(file, "one \u00e9");
        AtomicFile.writeText(file, "two");
        assertEquals("two", Files.readString(file));
        assertEquals(List.of(file), files());
    }

    @Test
    void aWriterThatFailsLeavesTheOldFileAlone() throws IOException {
        Path file = folder.resolve("x.bin");
        AtomicFile.writeText(file, "old");
        assertFails(file, IOException.class, KinemaException.class);
        assertFails(file, IllegalArgumentException.class, IllegalArgumentException.class);
        assertFails(file, OutOfMemoryError.class, OutOfMemoryError.class);
        assertEquals("old", Files.readString(file));
        assertEquals(List.of(file), files());
    }

    /** Writes half, looks whether the destination is still the old one, and fails. */
    private void assertFails(Path file, Class<? extends Throwable> thrown, Class<? extends Throwable> expected) {
        assertThrows(expected, () -> AtomicFile.write(file, (FileChannel out) -> {
            out.write(ByteBuffer.wrap(new byte[100_000]));
            assertEquals("old", Files.readString(file));
            assertEquals(2, files().size());
            if (thrown == IOException.class) {
                throw new IOException("No space left on device");
            } else if (thrown == OutOfMemoryError.class) {
                throw new OutOfMemoryError("of the test");
            }
            throw new IllegalArgumentException("of the test");
        }));
    }

    @Test
    void namesWhatIsWrongWithTheDestination() {
        CheckpointFiles.assertRefused(folder, () -> AtomicFile.writeText(folder, ""), "is a folder");
        Path nowhere = folder.resolve("absent").resolve("x");
        CheckpointFiles.assertRefused(nowhere, () -> AtomicFile.writeText(nowhere, ""), "create");
        Path file = folder.resolve("full");
        CheckpointFiles.assertRefused(file, () -> AtomicFile.write(file, out -> {
            throw new IOException("No space left on device");
        }), "no space is left");
    }

    @Test
    void worksWithTheLongestName() throws IOException {
        Path file = folder.resolve("n".repeat(255));
        AtomicFile.writeText(file, "long");
        assertTrue(Files.exists(file));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.toList();
        }
    }
}
