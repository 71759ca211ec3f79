package dev.kinema.checkpoint;

import com.google.gson.stream.JsonWriter;
import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * A safetensors file, open for reading tensors by name: only the header is read at first, a tensor's bytes when asked for, so
 * the file may be larger than memory. Each single tensor is limited to 2 GiB.
 *
 * <p>Format: 8 bytes little-endian header length, JSON header, data without holes (the format's README, "Format").
 */
public final class Safetensors implements AutoCloseable {
    private final BoundedFile file;
    private final SafetensorsHeader header;

    private Safetensors(BoundedFile file) {
        this.file = file;
        this.header = SafetensorsHeader.read(file);
    }

    /**
     * Opens a file and validates its whole header.
     *
     * @throws KinemaException if it is missing, truncated, or its header lies
     */
    public static Safetensors open(Path path) {
        return open(BoundedFile.open(path));
    }

    /** As {@link #open(Path)}; the file is closed with this, or at once if it is refused. */
    static Safetensors open(BoundedFile file) {
        boolean opened = false;
        try {
            Safetensors result = new Safetensors(file);
            opened = true;
            return result;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    /** Names of the tensors, in the order of the header. */
    public Set<String> names() {
        return Collections.unmodifiableSet(header.entries.keySet());
    }

    /** The free text pairs of the header; empty where there are none. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(header.metadata);
    }

    /** Shape of a tensor, without reading it. */
    public Shape shape(String name) {
        return entry(name).shape();
    }

    /** Element type of a tensor, without reading it. */
    public DType dtype(String name) {
        return entry(name).dtype();
    }

    /**
     * Reads a tensor.
     *
     * @throws KinemaException if there is none of that name, it is larger than 2 GiB, or the file shrank since it was opened
     */
    public HostArray read(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        ArrayLimits.requireOneBuffer(file, "tensor " + Quoted.of(name), entry.dtype(), entry.shape());
        HostArray array = HostArray.allocate(entry.dtype(), entry.shape());
        entry.data().copyTo(0, array.buffer());
        return array;
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.entries.get(name);
        if (entry == null) {
            throw file.refused("has no tensor " + Quoted.of(name) + ": it has " + header.entries.size() + " others, see names()");
        }
        return entry;
    }

    long fileSize() {
        return file.size();
    }

    Path path() {
        return file.path();
    }

    @Override
    public void close() {
        file.close();
    }

    /**
     * Writes a file, atomically: the same arrays and metadata give the same bytes.
     *
     * @param destination created or replaced; its folder must exist
     * @param tensors name to array; the header keeps this order. The data lies widest element type first, so that every tensor
     *     is aligned to its elements
     * @param metadata free text pairs; may be empty
     * @throws KinemaException if the disk refuses; the destination is then as it was
     */
    public static void write(Path destination, Map<String, HostArray> tensors, Map<String, String> metadata) {
        Map<String, Type> types = new LinkedHashMap<>();
        tensors.forEach((name, array) -> types.put(name, array.type()));
        write(destination, types, tensors::get, metadata);
    }

    /**
     * As {@link #write(Path, Map, Map)}, with one array at a time: the whole need not be in memory.
     *
     * @param types name to element type and shape; the header keeps this order
     * @param arrays gives the array of a name, of exactly that type; asked once for each
     */
    public static void write(Path destination, Map<String, Type> types, Function<String, HostArray> arrays, Map<String, String> metadata) {
        List<Map.Entry<String, Type>> inFile = new ArrayList<>(types.entrySet());
        inFile.sort(Comparator.comparingInt(e -> -e.getValue().dtype().bytes()));
        Map<String, Long> offsets = new HashMap<>();
        long offset = 0;
        for (Map.Entry<String, Type> e : inFile) {
            offsets.put(e.getKey(), offset);
            offset += e.getValue().bytes();
        }
        ByteBuffer header = header(destination, types, offsets, metadata);
        AtomicFile.write(destination, out -> {
            AtomicFile.writeFully(out, header);
            for (Map.Entry<String, Type> e : inFile) {
                HostArray array = arrays.apply(e.getKey());
                if (!array.type().equals(e.getValue())) {
                    throw new IllegalArgumentException("'" + e.getKey() + "' is " + array + ", not " + e.getValue());
                }
                AtomicFile.writeFully(out, array.buffer());
            }
        });
    }

    private static ByteBuffer header(
            Path destination, Map<String, Type> types, Map<String, Long> offsets, Map<String, String> metadata) {
        byte[] json = json(types, offsets, metadata).getBytes(StandardCharsets.UTF_8);
        // spaces up to a multiple of 8 keep the data aligned
        int padded = (json.length + 7) / 8 * 8;
        if (padded > SafetensorsHeader.LONGEST) {
            throw new KinemaException(destination + ": a header of " + padded + " bytes is more than "
                    + SafetensorsHeader.LONGEST + ": write fewer tensors to one file");
        }
        ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }

    private static String json(Map<String, Type> types, Map<String, Long> offsets, Map<String, String> metadata) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.beginObject();
            if (!metadata.isEmpty()) {
                out.name("__metadata__").beginObject();
                for (Map.Entry<String, String> e : metadata.entrySet()) {
                    out.name(e.getKey()).value(e.getValue());
                }
                out.endObject();
            }
            for (Map.Entry<String, Type> e : types.entrySet()) {
                if (e.getKey().equals("__metadata__")) {
                    throw new KinemaException("a tensor cannot be named __metadata__: rename it");
                }
                Type type = e.getValue();
                long begin = offsets.get(e.getKey());
                out.name(e.getKey()).beginObject().name("dtype").value(type.dtype().name()).name("shape").beginArray();
                for (int size : type.shape().dims()) {
                    out.value(size);
                }
                out.endArray().name("data_offsets").beginArray()
                        .value(begin).value(begin + type.bytes()).endArray().endObject();
            }
            out.endObject();
        } catch (IOException e) {
            throw new IllegalStateException("a string in memory cannot fail to be written", e);
        }
        return text.toString();
    }
}
