package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.PickleWriter.Call;
import dev.kinema.checkpoint.PickleWriter.Global;
import dev.kinema.checkpoint.PickleWriter.Persistent;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.function.Executable;

/** Small files made by hand, and what every refusal must look like. */
final class CheckpointFiles {
    private CheckpointFiles() {}

    static Path golden(String name) {
        URL url = CheckpointFiles.class.getResource("/golden/slow/" + name);
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Floats 0, 1, 2, ... plus an offset that tells arrays apart. */
    static HostArray counting(float offset, int... dims) {
        HostArray array = HostArray.allocate(DType.F32, Shape.of(dims));
        float[] values = new float[(int) array.shape().elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = offset + i;
        }
        array.put(values);
        return array;
    }

    static byte[] littleEndian(float... values) {
        ByteBuffer out = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            out.putFloat(v);
        }
        return out.array();
    }

    static Path write(Path folder, String name, byte[] content) {
        try {
            return Files.write(folder.resolve(name), content);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Refused in one line that names the file and holds these words. */
    static void assertRefused(Path file, Executable reading, String... words) {
        KinemaException e = assertThrows(KinemaException.class, reading);
        String message = e.getMessage();
        assertTrue(message.startsWith(file + ":"), message);
        assertEquals(1, message.lines().count(), message);
        for (String word : words) {
            assertTrue(message.contains(word), message + " lacks " + word);
        }
    }

    /** A torch.save file in the zip format, built from a tree that {@link #tensor} put tensors in. */
    static byte[] torchZip(byte[] pickle, Map<String, byte[]> storages) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("archive/data.pkl", pickle);
        storages.forEach((key, bytes) -> entries.put("archive/data/" + key, bytes));
        entries.put("archive/version", "3\n".getBytes());
        return zip(entries);
    }

    static byte[] zip(Map<String, byte[]> entries) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> e : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(e.getKey());
                CRC32 crc = new CRC32();
                crc.update(e.getValue());
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(e.getValue().length);
                entry.setCrc(crc.getValue());
                entry.setTime(0);
                zip.putNextEntry(entry);
                zip.write(e.getValue());
                zip.closeEntry();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return out.toByteArray();
    }

    /** A view of the float storage {@code key}. */
    static Call tensor(String key, int stored, int offset, int[] sizes, int[] strides) {
        Persistent storage = new Persistent(
                PickleWriter.tuple("storage", new Global("torch", "FloatStorage"), key, "cpu", stored));
        return new Call(new Global("torch._utils", "_rebuild_tensor_v2"), list(storage, offset, ints(sizes), ints(strides), false,
                new Call(new Global("collections", "OrderedDict"), List.of(), null)), null);
    }

    /** A whole contiguous storage as a tensor. */
    static Call tensor(String key, int... sizes) {
        int[] strides = new int[sizes.length];
        int stored = 1;
        for (int i = sizes.length - 1; i >= 0; i--) {
            strides[i] = stored;
            stored *= sizes[i];
        }
        return tensor(key, stored, 0, sizes, strides);
    }

    /** A torch.save file of float tensors, counting from 1000 for the first, 2000 for the second and so on. */
    static byte[] torchOf(Map<String, int[]> shapes, UnaryOperator<Object> wrap) {
        Map<String, Object> state = new LinkedHashMap<>();
        Map<String, byte[]> storages = new LinkedHashMap<>();
        shapes.forEach((name, sizes) -> {
            String key = String.valueOf(storages.size());
            state.put(name, tensor(key, sizes));
            storages.put(key, littleEndian(counting(1000 * (storages.size() + 1), sizes).toFloats()));
        });
        return torchZip(PickleWriter.pickle(wrap.apply(state)), storages);
    }

    private static PickleWriter.Tuple ints(int[] values) {
        List<Object> out = new ArrayList<>();
        for (int v : values) {
            out.add(v);
        }
        return new PickleWriter.Tuple(out);
    }

    private static List<Object> list(Object... items) {
        return new ArrayList<>(Arrays.asList(items));
    }
}
