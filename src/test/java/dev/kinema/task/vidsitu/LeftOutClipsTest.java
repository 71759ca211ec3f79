package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeftOutClipsTest {
    @TempDir
    private Path folder;

    private List<String> read(String text) throws IOException {
        return List.copyOf(LeftOutClips.read(Files.writeString(folder.resolve("out.csv"), text)));
    }

    @Test
    void listsAndTablesAreRead() throws IOException {
        List<String> ids = List.of("v_a_seg_0_10", "v_b-_seg_10_20");
        assertEquals(ids, read("v_a_seg_0_10\r\n\n v_b-_seg_10_20 \nv_a_seg_0_10"));
        assertEquals(ids, read("\uFEFFfilm,clip\nx,v_a_seg_0_10\ny,\"v_b-_seg_10_20\"\n"));
        assertEquals(ids, read("v_a_seg_0_10;1\nv_b-_seg_10_20;2\n"));
    }

    @Test
    void linesWithoutAnIdAreNamed() throws IOException {
        for (String text : List.of("v_a_seg_0_10\nv_b_seg_0_11\n", "clip\nhello\n", "v_a_seg_0_9\n")) {
            String message = assertThrows(KinemaException.class, () -> read(text)).getMessage();
            assertTrue(message.contains("out.csv, line " + (text.startsWith("v_a_seg_0_9") ? 1 : 2)), message);
        }
        assertThrows(KinemaException.class, () -> read("clip\n"));
        assertThrows(KinemaException.class, () -> LeftOutClips.read(folder.resolve("none")));
    }
}
