package dev.kinema.checkpoint;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The head of a safetensors file: 8 bytes of length, then JSON from name to dtype, shape and byte range. Complete and free of
 * contradictions once it exists: ranges match shapes, do not overlap, and cover the data without holes, as the format asks.
 */
final class SafetensorsHeader {
    /** Longest header read, the same limit as the reference implementation of the format. */
    static final long LONGEST = 100_000_000;

    /** One tensor: the bytes are those of {@code data}. */
    record Entry(DType dtype, Shape shape, FileRegion data) {}

    final Map<String, Entry> entries = new LinkedHashMap<>();
    final Map<String, String> metadata = new LinkedHashMap<>();
    private final BoundedFile file;
    private final FileRegion data;

    private SafetensorsHeader(BoundedFile file, FileRegion data) {
        this.file = file;
        this.data = data;
    }

    static SafetensorsHeader read(BoundedFile file) {
        if (file.size() < 8) {
            throw file.damaged("has " + file.size() + " bytes, too few for a safetensors header");
        }
        ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        file.read(0, prefix);
        long length = prefix.getLong(0);
        if (length < 2 || length > file.size() - 8) {
            throw file.damaged("claims a header of " + Long.toUnsignedString(length) + " bytes in a file of " + file.size());
        }
        if (length > LONGEST) {
            throw file.refused("claims a header of " + length + " bytes, more than " + LONGEST
                    + ": save fewer tensors in one file");
        }
        byte[] json = new byte[(int) length];
        file.read(8, ByteBuffer.wrap(json));
        if (json[0] != '{') {
            String first = new String(json, 0, 1, StandardCharsets.ISO_8859_1);
            throw file.damaged("its safetensors header starts with " + Quoted.of(first) + ", not with {");
        }
        SafetensorsHeader header =
                new SafetensorsHeader(file, new FileRegion(file, 8 + length, file.size() - 8 - length));
        header.parse(json);
        header.requireCovered();
        return header;
    }

    private void parse(byte[] json) {
        JsonReader in = new JsonReader(new InputStreamReader(new ByteArrayInputStream(json),
                StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)));
        in.setStrictness(Strictness.STRICT);
        // nothing to close: the bytes are in memory
        try {
            in.beginObject();
            boolean metadataSeen = false;
            while (in.hasNext()) {
                String name = in.nextName();
                if (name.equals("__metadata__")) {
                    if (metadataSeen) {
                        throw file.damaged("has two __metadata__ entries");
                    }
                    metadataSeen = true;
                    parseMetadata(in);
                } else if (entries.put(name, parseEntry(in, name)) != null) {
                    throw file.damaged("has two tensors named " + Quoted.of(name));
                }
            }
            in.endObject();
            if (in.peek() != JsonToken.END_DOCUMENT) {
                throw file.damaged("has more after the end of its header's JSON");
            }
        } catch (EOFException e) {
            throw file.damaged("its header is not strict JSON: it ends early, within " + Quoted.of(in.getPath()));
        } catch (CharacterCodingException e) {
            throw file.damaged("its header is not strict JSON: it is not UTF-8, after " + Quoted.of(in.getPath()));
        } catch (IllegalStateException e) {
            throw file.damaged("its header has a value of the wrong kind at " + Quoted.of(in.getPath()));
        } catch (IOException | NumberFormatException e) {
            // the parser's own words advise programmers
            throw file.damaged("its header is not strict JSON at " + Quoted.of(in.getPath()));
        }
    }

    private void parseMetadata(JsonReader in) throws IOException {
        in.beginObject();
        while (in.hasNext()) {
            String key = in.nextName();
            if (in.peek() != JsonToken.STRING) {
                throw file.damaged("its metadata entry " + Quoted.of(key) + " is not a string");
            }
            if (metadata.put(key, in.nextString()) != null) {
                throw file.damaged("its metadata has two entries " + Quoted.of(key));
            }
        }
        in.endObject();
    }

    private Entry parseEntry(JsonReader in, String name) throws IOException {
        String what = "tensor " + Quoted.of(name);
        DType dtype = null;
        List<Long> sizes = null;
        List<Long> range = null;
        in.beginObject();
        while (in.hasNext()) {
            String key = in.nextName();
            boolean twice;
            switch (key) {
                case "dtype" -> {
                    twice = dtype != null;
                    dtype = dtype(what, in.nextString());
                }
                case "shape" -> {
                    twice = sizes != null;
                    sizes = integers(in, what, key);
                }
                case "data_offsets" -> {
                    twice = range != null;
                    range = integers(in, what, key);
                }
                default -> throw file.damaged(what + " has the unknown field " + Quoted.of(key));
            }
            if (twice) {
                throw file.damaged(what + " has the field " + key + " twice");
            }
        }
        in.endObject();
        if (dtype == null || sizes == null || range == null) {
            throw file.damaged(what + " lacks dtype, shape or data_offsets");
        }
        return entry(what, dtype, ArrayLimits.shape(file, what, sizes), range);
    }

    private Entry entry(String what, DType dtype, Shape shape, List<Long> range) {
        if (range.size() != 2 || range.get(0) < 0 || range.get(0) > range.get(1) || range.get(1) > data.length()) {
            throw file.damaged(what + " claims the bytes " + range + ", but there are " + data.length() + " of data");
        }
        long length = range.get(1) - range.get(0);
        if (length != ArrayLimits.bytes(dtype, shape)) {
            throw file.damaged(what + " has " + length + " bytes, but " + dtype + " " + shape + " takes "
                    + ArrayLimits.bytes(dtype, shape));
        }
        return new Entry(dtype, shape, data.slice(range.get(0), length));
    }

    private DType dtype(String what, String name) {
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(name)) {
                return dtype;
            }
        }
        throw file.refused(what + " has the dtype " + Quoted.of(name) + ", which is none of "
                + List.of(DType.values()) + ": convert it before saving");
    }

    /** Integers written as such: no fractions, exponents or strings. */
    private List<Long> integers(JsonReader in, String what, String key) throws IOException {
        List<Long> out = new ArrayList<>();
        in.beginArray();
        while (in.hasNext()) {
            if (out.size() == ArrayLimits.MAX_RANK) {
                // not read to its end: a header may be nothing but this array
                throw file.damaged(what + " has a " + key + " of more than " + ArrayLimits.MAX_RANK + " entries");
            }
            String text = in.peek() == JsonToken.NUMBER ? in.nextString() : "";
            if (!text.matches("-?[0-9]{1,18}")) {
                throw file.damaged(what + " has a " + key + " entry that is no integer of the size of a file");
            }
            out.add(Long.parseLong(text));
        }
        in.endArray();
        return out;
    }

    private void requireCovered() {
        List<Map.Entry<String, Entry>> byOffset = new ArrayList<>(entries.entrySet());
        byOffset.sort(Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().data().offset())
                .thenComparingLong(e -> e.getValue().data().length()));
        long cursor = data.offset();
        for (Map.Entry<String, Entry> e : byOffset) {
            FileRegion region = e.getValue().data();
            if (region.offset() != cursor) {
                throw file.damaged("tensor " + Quoted.of(e.getKey()) + (region.offset() < cursor
                        ? " overlaps the one before it" : " leaves a hole of " + (region.offset() - cursor) + " bytes before it"));
            }
            cursor += region.length();
        }
        if (cursor != file.size()) {
            throw file.damaged((file.size() - cursor) + " bytes follow the last tensor");
        }
    }
}
