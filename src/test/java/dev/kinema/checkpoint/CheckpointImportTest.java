package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.checkpoint.CheckpointImport.Encoder;
import dev.kinema.checkpoint.ImportedCheckpoint.Container;
import dev.kinema.checkpoint.ImportedCheckpoint.Naming;
import dev.kinema.graph.Shape;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointImportTest {
    @TempDir
    Path folder;

    private Path torch(UnaryOperator<Object> wrap, String... names) {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        for (String name : names) {
            shapes.put(name, new int[] {2, 3});
        }
        return CheckpointFiles.write(folder, "any.name", CheckpointFiles.torchOf(shapes, wrap));
    }

    private static Object modelState(Object state) {
        return Map.of("model_state", state);
    }

    @Test
    void pyTorchVideoNames() {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("blocks.0.conv.weight", "s1.pathway0_stem.conv.weight");
        names.put("blocks.0.norm.running_var", "s1.pathway0_stem.bn.running_var");
        names.put("blocks.1.res_blocks.0.branch1_conv.weight", "s2.pathway0_res0.branch1.weight");
        names.put("blocks.1.res_blocks.0.branch1_norm.bias", "s2.pathway0_res0.branch1_bn.bias");
        names.put("blocks.3.res_blocks.5.branch2.conv_a.weight", "s4.pathway0_res5.branch2.a.weight");
        names.put("blocks.4.res_blocks.2.branch2.norm_c.running_mean", "s5.pathway0_res2.branch2.c_bn.running_mean");
        names.put("blocks.2.res_blocks.1.branch2.norm_b.num_batches_tracked", "s3.pathway0_res1.branch2.b_bn.num_batches_tracked");
        names.put("blocks.5.proj.weight", "head.projection.weight");
        names.put("blocks.5.proj.bias", "head.projection.bias");
        names.put("something.else", "something.else");
        ImportedCheckpoint plain = CheckpointImport.read(torch(CheckpointImportTest::modelState, names.keySet().toArray(String[]::new)));
        assertEquals(Naming.PYTORCHVIDEO, plain.naming());
        assertEquals(List.copyOf(names.values()), List.copyOf(plain.tensors().keySet()));
        assertArrayEquals(new float[] {3000, 3001, 3002, 3003, 3004, 3005},
                plain.tensors().get("s2.pathway0_res0.branch1.weight").toFloats());
        // PySlowFast's builder of these models puts them below "model."
        names.remove("something.else");
        String[] prefixed = names.keySet().stream().map(n -> "model." + n).toArray(String[]::new);
        ImportedCheckpoint built = CheckpointImport.read(torch(s -> s, prefixed));
        assertEquals(List.copyOf(names.values()), List.copyOf(built.tensors().keySet()));
    }

    @Test
    void contrastiveNames() {
        Path file = torch(CheckpointImportTest::modelState, "backbone.s1.pathway0_stem.conv.weight",
                "backbone_hist.s1.pathway0_stem.conv.weight", "backbone.head.projection.projection.0.weight",
                "backbone_hist.head.predictors.0.projection.3.bias", "queue_x", "ptr", "iter");
        ImportedCheckpoint query = CheckpointImport.read(file);
        assertEquals(Naming.PYSLOWFAST_CONTRASTIVE, query.naming());
        assertEquals(Set.of("s1.pathway0_stem.conv.weight"), query.tensors().keySet());
        assertEquals(1000, query.tensors().get("s1.pathway0_stem.conv.weight").toFloats()[0]);
        assertEquals("is the momentum encoder", query.ignored().get("backbone_hist.s1.pathway0_stem.conv.weight"));
        assertTrue(query.ignored().get("backbone.head.projection.projection.0.weight").contains("projection head"));
        assertTrue(query.ignored().get("queue_x").contains("contrastive"));
        assertEquals(6, query.ignored().size());
        ImportedCheckpoint momentum = CheckpointImport.read(file, Encoder.MOMENTUM);
        assertEquals(2000, momentum.tensors().get("s1.pathway0_stem.conv.weight").toFloats()[0]);
        assertEquals("is the query encoder", momentum.ignored().get("backbone.s1.pathway0_stem.conv.weight"));

        Path single = torch(CheckpointImportTest::modelState, "backbone.s1.pathway0_stem.conv.weight");
        CheckpointFiles.assertRefused(single, () -> CheckpointImport.read(single, Encoder.MOMENTUM), "no momentum encoder");
        Path supervised = torch(CheckpointImportTest::modelState, "s1.pathway0_stem.conv.weight");
        CheckpointFiles.assertRefused(supervised, () -> CheckpointImport.read(supervised, Encoder.MOMENTUM), "no momentum encoder");
    }

    @Test
    void plainAndWrappedStateDictionaries() {
        Set<String> names = Set.of("s1.pathway0_stem.conv.weight");
        assertEquals(names, CheckpointImport.read(torch(s -> s, "s1.pathway0_stem.conv.weight")).tensors().keySet());
        assertEquals(names, CheckpointImport.read(torch(s -> s, "module.s1.pathway0_stem.conv.weight")).tensors().keySet());
        ImportedCheckpoint other = CheckpointImport.read(
                torch(s -> Map.of("state_dict", s, "epoch", 7, "opt", 1), "s1.pathway0_stem.conv.weight"));
        assertEquals(names, other.tensors().keySet());
        assertEquals(OptionalLong.of(7), other.epoch());
        assertEquals(Set.of("opt"), other.ignored().keySet());
        Path none = torch(s -> Map.of("model_state", Map.of()), "x");
        CheckpointFiles.assertRefused(none, () -> CheckpointImport.read(none), "state_dict()");
        Path list = torch(s -> List.of(s), "x");
        CheckpointFiles.assertRefused(list, () -> CheckpointImport.read(list), "dictionary");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void caffe2Blobs(boolean python3) {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("conv1_w", "s1.pathway0_stem.conv.weight");
        names.put("res_conv1_bn_s", "s1.pathway0_stem.bn.weight");
        names.put("res_conv1_bn_riv", "s1.pathway0_stem.bn.running_var");
        names.put("res2_0_branch1_w", "s2.pathway0_res0.branch1.weight");
        names.put("res2_0_branch1_bn_b", "s2.pathway0_res0.branch1_bn.bias");
        names.put("res4_22_branch2a_w", "s4.pathway0_res22.branch2.a.weight");
        names.put("res5_2_branch2c_bn_rm", "s5.pathway0_res2.branch2.c_bn.running_mean");
        names.put("pred_w", "head.projection.weight");
        names.put("pred_b", "head.projection.bias");
        names.put("res3_0_branch3_w", "res3_0_branch3_w");
        Map<String, Object> blobs = new LinkedHashMap<>();
        int i = 0;
        for (String name : names.keySet()) {
            float value = i++ - 4.5f;
            blobs.put(name, python3 ? CaffeFiles.python3Array(new int[] {1, 2}, value, 2)
                    : CaffeFiles.python2Array(new int[] {1, 2}, value, 2));
        }
        blobs.put("conv1_w_momentum", CaffeFiles.python2Array(new int[] {1}, 0));
        blobs.put("lr", CaffeFiles.python2Array(new int[] {1}, 0));
        blobs.put("note", "text");
        Path file = CheckpointFiles.write(folder, "c2.weird", PickleWriter.pickle(Map.of("blobs", blobs)));
        ImportedCheckpoint imported = CheckpointImport.read(file);
        assertEquals(Container.PICKLE, imported.container());
        assertEquals(Naming.CAFFE2, imported.naming());
        assertEquals(OptionalLong.empty(), imported.epoch());
        assertEquals(List.copyOf(names.values()), List.copyOf(imported.tensors().keySet()));
        assertEquals(Shape.of(1, 2), imported.tensors().get("head.projection.weight").shape());
        assertArrayEquals(new float[] {-2.5f, 2}, imported.tensors().get("s1.pathway0_stem.bn.running_var").toFloats());
        assertEquals(Map.of("conv1_w_momentum", "is state of the optimizer", "lr", "is state of the optimizer", "note", "is no array"),
                imported.ignored());
    }

    @Test
    void arraysOfOtherKinds() {
        byte[] six = CheckpointFiles.littleEndian(0, 1, 2, 3, 4, 5);
        Path fortran = blob(CaffeFiles.array(new int[] {2, 3}, CaffeFiles.numpyType("f4"), true, six));
        assertArrayEquals(new float[] {0, 2, 4, 1, 3, 5}, CheckpointImport.read(fortran).tensors().get("head.projection.bias").toFloats());
        assertBlobRefused("little endian", CaffeFiles.array(new int[] {6}, CaffeFiles.numpyType("f4", ">"), false, six));
        assertBlobRefused("O8", CaffeFiles.array(new int[] {3}, CaffeFiles.numpyType("O8", "|"), false, List.of()));
        assertBlobRefused("24 bytes", CaffeFiles.array(new int[] {5}, CaffeFiles.numpyType("f4"), false, six));
        assertBlobRefused("more elements", CaffeFiles.array(new int[] {7}, CaffeFiles.numpyType("f4"), false, six));
        assertBlobRefused("impossible size", CaffeFiles.array(new int[] {-6}, CaffeFiles.numpyType("f4"), false, six));
        assertBlobRefused("never filled", new PickleWriter.Call(new PickleWriter.Global("numpy.core.multiarray", "_reconstruct"),
                List.of(), null));
        assertArrayEquals(new float[] {0, 2, 4, 1, 3, 5},
                CheckpointImport.read(blob(buffer(six, "F"))).tensors().get("head.projection.bias").toFloats());
        assertBlobRefused("permuted axes", buffer(six, "K"));
    }

    /** What protocol 5 writes. */
    private static Object buffer(byte[] content, String order) {
        return new PickleWriter.Call(new PickleWriter.Global("numpy._core.numeric", "_frombuffer"),
                List.of(content, CaffeFiles.numpyType("f4"), PickleWriter.tuple(2, 3), order), null);
    }

    private Path blob(Object array) {
        return CheckpointFiles.write(folder, "c2.pkl", PickleWriter.pickle(Map.of("blobs", Map.of("pred_b", array))));
    }

    private void assertBlobRefused(String word, Object array) {
        Path file = blob(array);
        CheckpointFiles.assertRefused(file, () -> CheckpointImport.read(file), word);
    }

    @Test
    void whatIsNoCheckpointIsNamed() throws Exception {
        assertTextRefused("", "is empty");
        assertTextRefused("PK", "is no checkpoint");
        assertTextRefused("<!DOCTYPE html><html>", "web page");
        assertTextRefused("version https://git-lfs.github.com/spec/v1\n", "Git LFS");
        assertTextRefused("\u0093NUMPY\u0001\u0000", ".npy array");
        assertTextRefused("(dp0\nS'a'\nI1\ns.", "\"blobs\"");
        assertTextRefused("(dS'blobs'\ncos\nsystem\ns.", "os.system");
        Path absent = folder.resolve("absent.pyth");
        CheckpointFiles.assertRefused(absent, () -> CheckpointImport.read(absent), "no such file");
        CheckpointFiles.assertRefused(folder, () -> CheckpointImport.read(folder), "is a folder");
        Path twice = torch(CheckpointImportTest::modelState, "blocks.0.conv.weight", "model.blocks.0.conv.weight");
        CheckpointFiles.assertRefused(twice, () -> CheckpointImport.read(twice), "two entries");
        assertTrue(Files.deleteIfExists(twice), "the file was left open");
    }

    @Test
    void whatIsWrongWithASafetensorsFileIsSaid() {
        assertSafetensorsRefused("\u00ff".repeat(8) + "{\"a\":1}", "claims a header of 18446744073709551615 bytes in a file of 15");
        assertSafetensorsRefused("\u0010\0\0\0\0", "has 5 bytes, too few for a safetensors header");
        // lengths that begin as pickles and web pages do
        for (String length : new String[] {"\u0002", "\u0080\u0002", "c", "}", "<"}) {
            int bytes = length.charAt(0) + (length.length() > 1 ? length.charAt(1) << 8 : 0);
            String prefix = length + "\0".repeat(8 - length.length());
            assertSafetensorsRefused(prefix + "[" + " ".repeat(bytes - 1), "its safetensors header starts with \"[\", not with {");
            assertSafetensorsRefused(prefix.substring(0, 5), "has 5 bytes, too few");
        }
        assertSafetensorsRefused("<!DOCTYPE html><html>", "web page");
        assertSafetensorsRefused("", "is empty");
        assertSafetensorsRefused("(dp0\nS'a'\nI1\ns.", "\"blobs\"");
    }

    private void assertSafetensorsRefused(String content, String word) {
        Path file = CheckpointFiles.write(folder, "x.safetensors", content.getBytes(StandardCharsets.ISO_8859_1));
        CheckpointFiles.assertRefused(file, () -> CheckpointImport.read(file), word);
    }

    private void assertTextRefused(String content, String word) {
        Path file = CheckpointFiles.write(folder, "x", content.getBytes(StandardCharsets.ISO_8859_1));
        CheckpointFiles.assertRefused(file, () -> CheckpointImport.read(file), word);
    }

    @Test
    void tensorsThatShareOneStorageCannotFillTheMemory() {
        Map<String, Object> state = new LinkedHashMap<>();
        byte[] storage = new byte[40_000];
        for (int i = 0; i < 1000; i++) {
            state.put("t" + i, CheckpointFiles.tensor("0", 10_000));
        }
        Path file = CheckpointFiles.write(folder, "shared.pth",
                CheckpointFiles.torchZip(PickleWriter.pickle(state), Map.of("0", storage)));
        CheckpointFiles.assertRefused(file, () -> CheckpointImport.read(file), "share their storage");
    }
}
