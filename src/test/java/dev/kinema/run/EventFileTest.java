package dev.kinema.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads the files back by a reader that shares nothing with the writer but the checksum, which a published value holds. */
class EventFileTest {
    @TempDir
    Path folder;

    /** The check value of CRC-32/ISCSI: the checksum of the digits 1 to 9. */
    @Test
    void checksumIsCastagnolis() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertEquals(0xE3069283, EventFile.checksum(digits));
        int rotated = 0xE3069283 >>> 15 | 0xE3069283 << 17;
        assertEquals(rotated + 0xA282EAD8, EventFile.maskedChecksum(digits));
    }

    @Test
    void eventsAreReadBack() throws IOException {
        double before = System.currentTimeMillis() / 1e3;
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", 0.3);
        values.put("gradient_norm", Double.POSITIVE_INFINITY);
        try (EventFile file = EventFile.create(folder, 300)) {
            file.write(300, values);
            file.write(1L << 33, Map.of("loss", -2.0));
        }
        // the next start is within the same second and makes a file of its own, which sorts after it
        EventFile.create(folder, 0).close();
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.sorted().toList();
        }
        assertEquals(2, files.size());
        assertTrue(files.get(0).getFileName().toString().matches("events\\.out\\.tfevents\\.\\d{10}\\.[A-Za-z0-9_-]+"), files::toString);
        List<Map<String, Object>> events = read(files.get(0));
        assertEquals(4, events.size());
        for (Map<String, Object> event : events) {
            double time = (double) event.remove("time");
            assertTrue(time >= before && time < before + 60, "wall time " + time);
        }
        assertEquals(Map.of("step", 0L, "version", "brain.Event:2"), events.get(0));
        assertEquals(Map.of("step", 300L, "session", List.of(1L)), events.get(1));
        assertEquals(Map.of("step", 300L, "loss", 0.3f, "gradient_norm", Float.POSITIVE_INFINITY), events.get(2));
        assertEquals(Map.of("step", 1L << 33, "loss", -2f), events.get(3));
    }

    private static List<Map<String, Object>> read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Map<String, Object>> events = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(length);
            assertEquals(EventFile.maskedChecksum(length), in.getInt());
            byte[] data = new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
            in.get(data);
            assertEquals(EventFile.maskedChecksum(data), in.getInt());
            events.add(event(ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN)));
        }
        return events;
    }

    private static Map<String, Object> event(ByteBuffer in) {
        Map<String, Object> event = new LinkedHashMap<>();
        while (in.hasRemaining()) {
            switch ((int) varint(in)) {
                case 1 << 3 | 1 -> event.put("time", in.getDouble());
                case 2 << 3 -> event.put("step", varint(in));
                case 3 << 3 | 2 -> event.put("version", text(part(in)));
                case 5 << 3 | 2 -> summary(part(in), event);
                case 7 << 3 | 2 -> {
                    ByteBuffer session = part(in);
                    assertEquals(1 << 3, varint(session));
                    event.put("session", List.of(varint(session)));
                }
                default -> throw new AssertionError("unknown field before byte " + in.position());
            }
        }
        return event;
    }

    private static void summary(ByteBuffer in, Map<String, Object> event) {
        while (in.hasRemaining()) {
            assertEquals(1 << 3 | 2, varint(in));
            ByteBuffer value = part(in);
            assertEquals(1 << 3 | 2, varint(value));
            String tag = text(part(value));
            assertEquals(2 << 3 | 5, varint(value));
            event.put(tag, value.getFloat());
            assertEquals(0, value.remaining());
        }
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7F) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    private static ByteBuffer part(ByteBuffer in) {
        int length = (int) varint(in);
        ByteBuffer part = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + length);
        return part;
    }

    private static String text(ByteBuffer in) {
        return StandardCharsets.UTF_8.decode(in).toString();
    }
}
