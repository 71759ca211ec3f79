package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    @Test
    void everyTypeComesBackInOrderWithMetadata() {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        for (DType dtype : DType.values()) {
            HostArray array = HostArray.allocate(dtype, Shape.of(3, 1, 5));
            ByteBuffer bytes = array.buffer();
            for (int i = 0; bytes.hasRemaining(); i++) {
                bytes.put((byte) (dtype == DType.BOOL ? i % 2 : i * 37 + dtype.ordinal()));
            }
            tensors.put("tensor \"" + dtype + "\" \u00e9\ud83c\udfac", array);
        }
        tensors.put("scalar", HostArray.allocate(DType.I64, Shape.of()));
        Map<String, String> metadata = Map.of("kinema.model", "{\"depth\": 50}", "note", "line\nend");
        Path file = folder.resolve("all.safetensors");
        Safetensors.write(file, tensors, metadata);
        try (Safetensors read = Safetensors.open(file)) {
            assertEquals(List.copyOf(tensors.keySet()), List.copyOf(read.names()));
            assertEquals(metadata, read.metadata());
            tensors.forEach((name, array) -> {
                assertEquals(array.dtype(), read.dtype(name));
                assertEquals(array.shape(), read.read(name).shape());
                assertEquals(array.buffer(), read.read(name).buffer(), name);
            });
            CheckpointFiles.assertRefused(file, () -> read.read("absent"), "\"absent\"", "names()");
        }
    }

    @Test
    void sameContentSameBytesAndAlignedData() throws Exception {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        tensors.put("flag", HostArray.allocate(DType.BOOL, Shape.of(3)));
        tensors.put("weight", CheckpointFiles.counting(5, 2, 2));
        Safetensors.write(folder.resolve("a"), tensors, Map.of());
        Safetensors.write(folder.resolve("b"), tensors, Map.of());
        byte[] a = Files.readAllBytes(folder.resolve("a"));
        assertArrayEquals(a, Files.readAllBytes(folder.resolve("b")));
        long header = ByteBuffer.wrap(a).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        assertEquals(0, header % 8);
        // the floats come first although the flags were given first: else they would lie at an odd offset
        assertEquals(5f, ByteBuffer.wrap(a).order(ByteOrder.LITTLE_ENDIAN).getFloat((int) (8 + header)));
        try (Safetensors read = Safetensors.open(folder.resolve("a"))) {
            assertArrayEquals(new float[] {5, 6, 7, 8}, read.read("weight").toFloats());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]} | not strict JSON: it ends early, within \"$.a\": the file is",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} x | not strict JSON at \"$\": the file is",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],}} | not strict JSON at \"$.a.data_offsets\": the file is",
        "{'a':[1]} | value of the wrong kind at \"$.a\": the file is",
        "{'a':{'dtype':'F32','shape':[2 3],'data_offsets':[0,8]}} | not strict JSON at \"$.a.shape[1]\": the file is",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'a':{'dtype':'F32','shape':[0],'data_offsets':[8,8]}} | two tensors",
        "{'a':{'dtype':'Q9','shape':[2],'data_offsets':[0,8]}} | \"Q9\"",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,12]}} | claims the bytes",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | claims the bytes",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}} | claims the bytes",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}} | claims the bytes",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | takes 12",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | impossible size -2",
        "{'a':{'dtype':'F32','shape':[4294967296],'data_offsets':[0,8]}} | impossible size",
        "{'a':{'dtype':'F32','shape':[2147483647,2147483647,2147483647],'data_offsets':[0,8]}} | overflows",
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}} | no integer",
        "{'a':{'dtype':'F32','shape':['2'],'data_offsets':[0,8]}} | no integer",
        "{'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}} | no integer",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | 4 bytes follow",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | hole of 4",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | overlaps",
        "{'a':{'dtype':'F32','shape':[2]}} | lacks",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'more':1}} | unknown field",
        "{'a':{'dtype':'F32','dtype':'F32','shape':[2],'data_offsets':[0,8]}} | twice",
        "{'__metadata__':{'k':1},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | not a string",
        "{'__metadata__':{'k':'1','k':'2'},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | two entries",
        "{'bad\\u2028na\\nme':{'dtype':'F32','shape':[1],'data_offsets':[0,8]}} | takes 4"})
    void aHeaderThatLiesIsRefused(String json, String word) {
        byte[] text = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        Path file = CheckpointFiles.write(folder, "lying.safetensors", file(text.length, text, new byte[8]));
        CheckpointFiles.assertRefused(file, () -> Safetensors.open(file), word);
    }

    /** The last entry is wrong too: who reads so far complains about that one. */
    @Test
    void anEndlessArrayIsNotReadToItsEnd() {
        for (String field : new String[] {"shape", "data_offsets"}) {
            byte[] json = ("{\"a\":{\"dtype\":\"F32\",\"" + field + "\":[" + "1,".repeat(64) + "1,\"x\"]}}").getBytes(StandardCharsets.UTF_8);
            Path file = CheckpointFiles.write(folder, "endless.safetensors", file(json.length, json, new byte[8]));
            CheckpointFiles.assertRefused(file, () -> Safetensors.open(file), "a " + field + " of more than 64 entries");
        }
    }

    @Test
    void aHeaderLengthThatLiesIsRefused() {
        byte[] json = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}".getBytes(StandardCharsets.UTF_8);
        for (long length : new long[] {0, 1, json.length - 1, json.length + 1, json.length + 9, 99_999_999, 100_000_001,
            Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
            Path file = CheckpointFiles.write(folder, "length.safetensors", file(length, json, new byte[8]));
            CheckpointFiles.assertRefused(file, () -> Safetensors.open(file));
        }
    }

    @Test
    void everyTruncationIsRefused() throws Exception {
        Path whole = folder.resolve("whole.safetensors");
        Safetensors.write(whole, Map.of("a", CheckpointFiles.counting(0, 2, 3)), Map.of("k", "v"));
        byte[] bytes = Files.readAllBytes(whole);
        for (int length = 0; length < bytes.length; length++) {
            Path file = CheckpointFiles.write(folder, "cut.safetensors", Arrays.copyOf(bytes, length));
            CheckpointFiles.assertRefused(file, () -> Safetensors.open(file), "fetch it again");
        }
    }

    /** Sparse, so that it costs no space: one tensor too large for an array, and one that lies beyond 2 GiB. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void filesBeyondTwoGiB() throws Exception {
        long large = 3_000_000_000L;
        byte[] json = ("{\"large\":{\"dtype\":\"U8\",\"shape\":[3,1000000000],\"data_offsets\":[0," + large + "]},\"small\":{\"dtype\":\"F32\","
                + "\"shape\":[1],\"data_offsets\":[" + large + "," + (large + 4) + "]}}").getBytes(StandardCharsets.UTF_8);
        Path file = CheckpointFiles.write(folder, "large.safetensors", file(json.length, json, new byte[0]));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(CheckpointFiles.littleEndian(7.5f)), 8 + json.length + large);
        }
        try (Safetensors read = Safetensors.open(file)) {
            assertEquals(7.5f, read.read("small").toFloats()[0]);
            CheckpointFiles.assertRefused(file, () -> read.read("large"), "\"large\" takes 3000000000 bytes", "split it");
        }
    }

    @Test
    void invalidUtf8IsRefused() {
        byte[] json = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}".getBytes(StandardCharsets.UTF_8);
        json[2] = (byte) 0xff;
        Path file = CheckpointFiles.write(folder, "utf8.safetensors", file(json.length, json, new byte[8]));
        CheckpointFiles.assertRefused(file, () -> Safetensors.open(file), "not strict JSON: it is not UTF-8, after \"$");
    }

    @Test
    void missingFilesAndFoldersAreNamed() {
        Path absent = folder.resolve("absent.safetensors");
        CheckpointFiles.assertRefused(absent, () -> Safetensors.open(absent), "no such file");
        CheckpointFiles.assertRefused(folder, () -> Safetensors.open(folder), "is a folder");
    }

    @Test
    void aReservedNameIsNotWritten() {
        Path file = folder.resolve("reserved.safetensors");
        Map<String, HostArray> tensors = Map.of("__metadata__", CheckpointFiles.counting(0, 1));
        assertThrows(KinemaException.class, () -> Safetensors.write(file, tensors, Map.of()));
        assertEquals(false, Files.exists(file));
    }

    private static byte[] file(long length, byte[] json, byte[] data) {
        return ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length).put(json).put(data).array();
    }

    /** Asked for one at a time, arrays must be what the header has already promised. */
    @Test
    void streamedArrayOfAnotherTypeIsRefused() throws IOException {
        Path file = folder.resolve("streamed.safetensors");
        HostArray array = HostArray.of(Shape.of(2), 1f, 2f);
        Map<String, Type> promised = Map.of("a", new Type(DType.F32, Shape.of(3)));
        assertThrows(IllegalArgumentException.class, () -> Safetensors.write(file, promised, name -> array, Map.of()));
        assertFalse(Files.exists(file));
        Safetensors.write(file, Map.of("a", array.type()), name -> array, Map.of());
        byte[] streamed = Files.readAllBytes(file);
        Safetensors.write(file, Map.of("a", array), Map.of());
        assertArrayEquals(Files.readAllBytes(file), streamed);
    }
}
