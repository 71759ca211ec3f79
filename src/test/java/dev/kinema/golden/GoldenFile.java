package dev.kinema.golden;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the golden numbers among the test resources: {@code golden/NAME} as safetensors, npy or JSON, and generates those not stored. */
public final class GoldenFile {
    private static final Pattern NPY_HEADER =
        Pattern.compile("'descr': '([^']+)', 'fortran_order': False, 'shape': \\(([^)]*)\\)");
    private static final Map<String, DType> NPY_TYPES = Map.of("<f4", DType.F32, "<f8", DType.F64, "<i8", DType.I64, "<i4", DType.I32,
        "|u1", DType.U8, "|b1", DType.BOOL);

    private GoldenFile() {}

    /** Whether {@code golden/name} is there. */
    public static boolean exists(String name) {
        return GoldenFile.class.getResource("/golden/" + name) != null;
    }

    /** The tensors of a safetensors file by name, in the order of its header. */
    public static Map<String, HostArray> tensors(String name) {
        ByteBuffer file = bytes(name);
        byte[] header = new byte[Math.toIntExact(file.getLong())];
        file.get(header);
        ByteBuffer data = file.slice().order(ByteOrder.LITTLE_ENDIAN);
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        JsonObject entries = JsonParser.parseString(new String(header, StandardCharsets.UTF_8)).getAsJsonObject();
        for (Map.Entry<String, JsonElement> entry : entries.entrySet()) {
            if (!entry.getKey().equals("__metadata__")) {
                tensors.put(entry.getKey(), tensor(entry.getValue().getAsJsonObject(), data));
            }
        }
        return tensors;
    }

    private static HostArray tensor(JsonObject entry, ByteBuffer data) {
        List<JsonElement> dims = entry.getAsJsonArray("shape").asList();
        Shape shape = Shape.of(dims.stream().mapToInt(JsonElement::getAsInt).toArray());
        int from = entry.getAsJsonArray("data_offsets").get(0).getAsInt();
        int to = entry.getAsJsonArray("data_offsets").get(1).getAsInt();
        return HostArray.wrap(DType.valueOf(entry.get("dtype").getAsString()), shape, data.slice(from, to - from));
    }

    /** The array of a .npy file. */
    public static HostArray npy(String name) {
        ByteBuffer file = bytes(name);
        file.position(8);
        byte[] header = new byte[file.getShort() & 0xFFFF];
        file.get(header);
        String text = new String(header, StandardCharsets.US_ASCII);
        Matcher m = NPY_HEADER.matcher(text);
        if (!m.find()) {
            throw new IllegalArgumentException(name + ": not a C-ordered npy header: " + text);
        }
        List<Integer> dims = new ArrayList<>();
        for (String dim : m.group(2).split(",")) {
            if (!dim.isBlank()) {
                dims.add(Integer.parseInt(dim.strip()));
            }
        }
        return HostArray.wrap(NPY_TYPES.get(m.group(1)), Shape.of(dims.stream().mapToInt(i -> i).toArray()), file);
    }

    public static JsonObject json(String name) {
        return JsonParser.parseString(new String(bytes(name).array(), StandardCharsets.UTF_8)).getAsJsonObject();
    }

    /** All numbers of a JSON value, nested arrays in order. */
    public static double[] numbers(JsonElement json) {
        if (!json.isJsonArray()) {
            return new double[] {json.getAsDouble()};
        }
        return json.getAsJsonArray().asList().stream().flatMapToDouble(e -> java.util.stream.DoubleStream.of(numbers(e))).toArray();
    }

    /** {@code count} values in [-1, 1), exact in float32, of the linear congruential generator that the golden numbers are defined by. */
    public static double[] lcg(long seed, int count) {
        double[] values = lcgUniform(seed, count);
        for (int i = 0; i < count; i++) {
            values[i] = 2 * values[i] - 1;
        }
        return values;
    }

    /** The same generator's numbers u in [0, 1); values are 2u - 1. */
    public static double[] lcgUniform(long seed, int count) {
        double[] values = new double[count];
        long x = seed;
        for (int i = 0; i < count; i++) {
            x = x * 6364136223846793005L + 1442695040888963407L;
            values[i] = (x >>> 40) / 16777216.0;
        }
        return values;
    }

    /** Seed of a weight that is not stored: FNV-1a (64 bit) of its name, exclusive or {@code base}. */
    public static long weightSeed(String name, long base) {
        long hash = 0xCBF29CE484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return hash ^ base;
    }

    private static ByteBuffer bytes(String name) {
        try (InputStream in = GoldenFile.class.getResourceAsStream("/golden/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("no test resource golden/" + name);
            }
            return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
