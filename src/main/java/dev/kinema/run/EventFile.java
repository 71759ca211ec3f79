package dev.kinema.run;

import dev.kinema.KinemaException;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The scalars of a run as TensorBoard reads them. Each start of a run writes a file of its own, which begins with the step it starts at:
 * TensorBoard then forgets what earlier files say of that step and later ones.
 *
 * <p>Format: records of TFRecord (tensorflow/core/lib/io/record_writer.h: length, its masked CRC-32C, data, its masked CRC-32C, all
 * little-endian) that hold an Event (tensorflow/core/util/event.proto) each. The few protobuf fields are written by hand.
 */
public final class EventFile implements AutoCloseable {
    private static final String VERSION = "brain.Event:2";
    private static final int MASK = 0xA282EAD8;
    private static final long FLUSH_NANOS = 2_000_000_000L;
    /** Wire types of protobuf (its encoding guide, "Message structure"). */
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    /** Field numbers of Event. */
    private static final int WALL_TIME = 1;
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int SESSION_LOG = 7;
    /** SessionLog.status and its value START. */
    private static final int STATUS = 1;
    private static final int START = 1;
    /** Summary.value, and Summary.Value's tag and simple_value. */
    private static final int VALUE = 1;
    private static final int TAG = 1;
    private static final int SIMPLE_VALUE = 2;

    private final Path path;
    private final OutputStream out;
    private long flushed = System.nanoTime();

    private EventFile(Path path, OutputStream out) {
        this.path = path;
        this.out = out;
    }

    /**
     * Creates a file.
     *
     * @param folder one that exists
     * @param step the first that will be written
     * @throws KinemaException if it cannot be written
     */
    static EventFile create(Path folder, long step) {
        Path path = free(folder, System.currentTimeMillis() / 1000);
        EventFile file;
        try {
            // a stream, since a file channel would close itself in an interrupted thread
            file = new EventFile(path, new BufferedOutputStream(new FileOutputStream(path.toFile())));
        } catch (IOException e) {
            throw failed(path, e);
        }
        file.append(file.event(0, FILE_VERSION, VERSION.getBytes(StandardCharsets.UTF_8)));
        Message session = new Message();
        session.key(STATUS, VARINT).varint(START);
        file.append(file.event(step, SESSION_LOG, session.bytes()));
        file.flush();
        return file;
    }

    /** A name that sorts after those of earlier starts, also of one within the same second. */
    private static Path free(Path folder, long seconds) {
        String host = System.getenv().getOrDefault("HOSTNAME", "local").replaceAll("[^A-Za-z0-9_-]", "-");
        String name = String.format(Locale.ROOT, "events.out.tfevents.%010d.%s", seconds, host);
        Path path = folder.resolve(name);
        for (int i = 1; Files.exists(path); i++) {
            path = folder.resolve(String.format(Locale.ROOT, "%s.%04d", name, i));
        }
        return path;
    }

    /** Writes the numbers of a step, those not finite included; they reach the disk within seconds. */
    void write(long step, Map<String, Double> values) {
        Message summary = new Message();
        values.forEach((tag, number) -> {
            Message value = new Message();
            value.key(TAG, BYTES).bytes(tag.getBytes(StandardCharsets.UTF_8));
            value.key(SIMPLE_VALUE, FIXED32).fixed32(Float.floatToIntBits(number.floatValue()));
            summary.key(VALUE, BYTES).bytes(value.bytes());
        });
        append(event(step, SUMMARY, summary.bytes()));
        if (System.nanoTime() - flushed > FLUSH_NANOS) {
            flush();
        }
    }

    private byte[] event(long step, int field, byte[] content) {
        Message event = new Message();
        event.key(WALL_TIME, FIXED64).fixed64(Double.doubleToLongBits(System.currentTimeMillis() / 1e3));
        event.key(STEP, VARINT).varint(step);
        event.key(field, BYTES).bytes(content);
        return event.bytes();
    }

    private void append(byte[] data) {
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, data.length);
        ByteBuffer record = ByteBuffer.allocate(16 + data.length).order(ByteOrder.LITTLE_ENDIAN)
            .putLong(data.length).putInt(maskedChecksum(length.array())).put(data).putInt(maskedChecksum(data));
        try {
            out.write(record.array());
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    /**
     * CRC-32C, rotated and with a constant added, since the checksum of data that holds its own checksum would be a trivial one
     * (tensorflow/core/lib/hash/crc32c.h).
     */
    static int maskedChecksum(byte[] data) {
        return Integer.rotateRight(checksum(data), 15) + MASK;
    }

    static int checksum(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return (int) crc.getValue();
    }

    private void flush() {
        flushed = System.nanoTime();
        try {
            out.flush();
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    private static KinemaException failed(Path path, IOException e) {
        return new KinemaException("the event file '" + path + "' cannot be written (" + e.getMessage() + "): check the disk and its "
            + "permissions", e);
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    /** A protobuf message as it is being written. */
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message key(int field, int wireType) {
            return varint((long) field << 3 | wireType);
        }

        Message varint(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                out.write((int) (rest & 0x7F | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
            return this;
        }

        void fixed32(int bits) {
            out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bits).array());
        }

        void fixed64(long bits) {
            out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(bits).array());
        }

        void bytes(byte[] content) {
            varint(content.length);
            out.writeBytes(content);
        }

        byte[] bytes() {
            return out.toByteArray();
        }
    }
}
