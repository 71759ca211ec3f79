package dev.kinema.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.kinema.checkpoint.PickleWriter.Call;
import dev.kinema.checkpoint.PickleWriter.Global;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PickleReaderTest {
    @TempDir
    Path folder;

    /** The text of a pickle, with Java's escapes for bytes. */
    private Object read(String latin1) {
        Path file = CheckpointFiles.write(folder, "x.pkl", latin1.getBytes(StandardCharsets.ISO_8859_1));
        try (BoundedFile open = BoundedFile.open(file)) {
            return PickleReader.read(new PickleInput(open.whole()));
        }
    }

    private Object read(String latin1, String dataClass) {
        Path file = CheckpointFiles.write(folder, "x.pkl", latin1.getBytes(StandardCharsets.ISO_8859_1));
        try (PickleFile open = PickleFile.open(file, Set.of(dataClass))) {
            return open.root();
        }
    }

    private void assertRefused(String latin1, String... words) {
        CheckpointFiles.assertRefused(folder.resolve("x.pkl"), () -> read(latin1), words);
    }

    @Test
    void scalarsOfEveryProtocol() {
        assertNull(read("N."));
        assertEquals(true, read("I01\n."));
        assertEquals(false, read("\u0080\u0002\u0089."));
        assertEquals(-7L, read("I-7\n."));
        assertEquals(12345678901234567890.0, ((BigInteger) read("L12345678901234567890L\n.")).doubleValue());
        assertEquals(-2L, read("\u0080\u0002\u008a\u0001\u00fe."));
        assertEquals(0L, read("\u0080\u0002\u008a\u0000."));
        assertEquals(255L, read("\u0080\u0002\u008a\u0002\u00ff\u0000."));
        assertEquals(0x8001L, read("M\u0001\u0080."));
        assertEquals(-1L, read("J\u00ff\u00ff\u00ff\u00ff."));
        assertEquals(1e-4, read("F1e-4\n."));
        assertEquals(Double.NEGATIVE_INFINITY, read("F-inf\n."));
        assertEquals(1.5, read("G\u003f\u00f8\u0000\u0000\u0000\u0000\u0000\u0000."));
        assertEquals("a'\\\n\u00ff\u0001", read("S'a\\'\\\\\\n\\xff\\x01'\n."));
        assertEquals("\u00e9\u2028\ud83c\udfac", read("V\u00e9\\u2028\\U0001f3ac\n."));
        assertEquals("\u00e9", read("X\u0002\u0000\u0000\u0000\u00c3\u00a9."));
        assertEquals("\u00c3", read("U\u0001\u00c3."));
    }

    @Test
    void containersOfEveryProtocol() {
        assertEquals(List.of(1L, 2L), read("(lp0\nI1\naI2\na."));
        assertEquals(Map.of("a", 1L), read("(dp0\nS'a'\nI1\ns."));
        assertEquals(List.of(1L, 1L), read("(I1\nI1\nt."));
        assertEquals(Set.of(1L, 2L), read("\u0080\u0004\u008f(K\u0001K\u0002\u0090."));
        assertEquals(Set.of(1L), read("\u0080\u0004(K\u0001\u0091."));
        assertEquals(List.of(List.of(), List.of(3L)), read("\u0080\u0004\u0095\u0007\u0000\u0000\u0000\u0000\u0000\u0000\u0000](]]K\u0003ae."));
        assertEquals(List.of("x", "x"), read("\u0080\u0004\u008c\u0001x\u0094h\u0000\u0086."));
        assertEquals(List.of("x", "x"), read("S'x'\np5\ng5\n\u0086."));
        assertEquals(List.of(1L), read("\u0080\u0002(K\u0001K\u000201K\u0001\u0085."));
    }

    @Test
    void callsOfHarmlessNames() {
        Map<String, Long> entries = new LinkedHashMap<>();
        entries.put("b", 1L);
        entries.put("a", 2L);
        Object ordered = new Call(new Global("collections", "OrderedDict"),
                List.of(List.of(PickleWriter.tuple("b", 1), PickleWriter.tuple("a", 2))), Map.of("_metadata", "dropped"));
        assertEquals(List.copyOf(entries.entrySet()), List.copyOf(((Map<?, ?>) read(text(PickleWriter.pickle(ordered)))).entrySet()));
        assertEquals(Set.of(1L), read("c__builtin__\nset\n((lI1\natR."));
        Bytes bytes = assertInstanceOf(Bytes.class, read("c_codecs\nencode\n(V\u00ff\u0000\nVlatin1\ntR."));
        assertEquals(2, bytes.length());
        assertEquals(-1.5, read(text(PickleWriter.pickle(new Call(new Global("numpy.core.multiarray", "scalar"),
                List.of(CaffeFiles.numpyType("f8"), new byte[] {0, 0, 0, 0, 0, 0, (byte) 0xf8, (byte) 0xbf}), null)))));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "cos\nsystem\n(S'touch pwned'\ntR.",
        "cposix\nsystem\n(S'touch pwned'\ntR.",
        "cnt\nsystem\n(S'x'\ntR.",
        "\u0080\u0002cos\nsystem\nq\u0000U\u0001x\u0085R.",
        "\u0080\u0002cbuiltins\neval\nX\u0001\u0000\u0000\u0000x\u0085R.",
        "\u0080\u0002c__builtin__\nexec\nX\u0001\u0000\u0000\u0000x\u0085R.",
        "\u0080\u0004\u008c\u0002os\u008c\u0006system\u0093\u008c\u0001x\u0085R.",
        "\u0080\u0004\u008c\u0005posix\u008c\u0006system\u0093\u008c\u0001x\u0085R.",
        "\u0080\u0004\u008c\u0008builtins\u008c\u0004eval\u0093\u008c\u0001x\u0085\u0081.",
        "\u0080\u0004\u008c\u0008builtins\u008c\u0007getattr\u0093.",
        "(S'x'\nios\nsystem\n.",
        "(cos\nsystem\nS'x'\no.",
        "csubprocess\nPopen\n.",
        "ctorch.storage\n_load_from_bytes\n.",
        "ccollections\nOrderedDict.__init__\n.",
        "ctorch\nload\n."})
    void aNameOfACallableIsRefused(String pickle) {
        assertRefused(pickle, "names the callable", "refuses to run", "do not trust");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", ".", "0.", "K", "(.", "t.", "a.", "NNa.", "]0a.", "]s.", "}Ns.", "}(Nu.", "}]Ns.", "}(]Nu.", "h\u0000.", "g1\n.", "gx\n.",
        "\u0080\u0006N.", "\u00ff.", "R.", "NNR.", "NNb.", "Q.", "NQ.", "Px\n.", "Ix\n.", "F0x1p3\n.", "F1f\n.", "L1LL\n.",
        "S'x\n.", "Sx\n.", "S'\\q'\n.", "V\\u12\n.", "X\u0001\u0000\u0000\u0000\u00ff.", "X\u00ff\u00ff\u00ff\u00ffx.",
        "\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ffx.", "T\u00ff\u00ff\u00ff\u00ffx.", "\u008b\u00ff\u00ff\u00ff\u00ff.",
        "\u0095\u00ff\u0000\u0000\u0000\u0000\u0000\u0000\u0000.", "\u0082\u0001.", "\u0097.", "\u0098.",
        "]q\u0000h\u0000a.", "}q\u0000U\u0001xh\u0000s.", ")(K\u0001e.", "ccollections\nOrderedDict\nK\u0001\u0085R.",
        "ctorch\nFloatStorage\n)R.", "c_codecs\nencode\n(VaVutf8\ntR.", "c_codecs\nencode\n)R.", "cnumpy\ndtype\n(VO8\ntR]b."})
    void aMalformedPickleIsRefused(String pickle) {
        assertRefused(pickle);
    }

    @Test
    void nestingWithoutEndIsRefused() {
        assertRefused("]".repeat(5000) + "a".repeat(4999) + ".", "nests");
        // each list holds the one before twice: 2 to the 40th visits
        StringBuilder doubling = new StringBuilder("]q\u0000");
        for (int i = 1; i <= 40; i++) {
            doubling.append("](h").append((char) (i - 1)).append("h").append((char) (i - 1)).append("eq").append((char) i);
        }
        assertRefused(doubling + ".", "nests");
    }

    /** A list of numbers has more opcodes than weights do, but no more than its bytes allow. */
    @Test
    void manyNumbersAreRead() {
        String row = "](" + "G\u003f\u00f0\u0000\u0000\u0000\u0000\u0000\u0000".repeat(10_000) + "e";
        List<?> rows = (List<?>) read("](" + row.repeat(210) + "e.");
        assertEquals(210, rows.size());
        assertEquals(1.0, ((List<?>) rows.get(209)).get(9_999));
    }

    @Test
    void floodsAreRefused() {
        assertRefused("(".repeat(1_100_000) + ".", "stacks");
        assertRefused("N".repeat(1_100_000) + ".", "stacks");
        assertRefused("N0".repeat(1_100_000) + ".", "opcodes");
        // one list of 1000 items made into a set again and again
        StringBuilder copies = new StringBuilder("](" + "K\u0001".repeat(1000) + "eq\u0000c__builtin__\nset\nq\u0001");
        assertRefused(copies + "h\u0001h\u0000\u0085R".repeat(1000) + ".", "copies");
    }

    @Test
    void everyTruncationIsRefused() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(PickleWriter.pickle(Map.of("blobs", Map.of("conv1_w", CaffeFiles.python3Array(new int[] {2, 2}, 1, 2, 3, 4),
                "pred_b", CaffeFiles.python2Array(new int[] {1}, 5)), "epoch", 3, "x", PickleWriter.tuple(1.5, true, "\u00e9"))));
        byte[] whole = all.toByteArray();
        read(text(whole));
        for (int length = 0; length < whole.length; length++) {
            assertRefused(text(Arrays.copyOf(whole, length)));
        }
    }

    @Test
    void longByteStringsStayInTheFile() {
        byte[] big = new byte[200_000];
        Arrays.fill(big, (byte) 7);
        Path file = CheckpointFiles.write(folder, "x.pkl", PickleWriter.pickle(List.of(big, "after")));
        try (BoundedFile open = BoundedFile.open(file)) {
            List<?> list = (List<?>) PickleReader.read(new PickleInput(open.whole()));
            FileRegion region = assertInstanceOf(FileRegion.class, list.get(0));
            byte[] copy = new byte[200_000];
            region.copyTo(0, ByteBuffer.wrap(copy));
            assertArrayEquals(big, copy);
            assertEquals("after", list.get(1));
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** What Python's pickle writes for an object of a plain class, in protocols 2 and 4. */
    @ParameterizedTest
    @ValueSource(strings = {
        "\u0080\u0002cpackage.words\nDictionary\nq\u0000)\u0081q\u0001}q\u0002X\u0007\u0000\u0000\u0000symbolsq\u0003]q\u0004"
            + "X\u0001\u0000\u0000\u0000aq\u0005asb.",
        "\u0080\u0004\u008c\rpackage.words\u0094\u008c\nDictionary\u0094\u0093\u0094)\u0081\u0094}\u0094\u008c\u0007symbols\u0094]\u0094"
            + "\u008c\u0001a\u0094asb."})
    void objectsOfNamedClassesAreData(String pickle) {
        PickledObject object = assertInstanceOf(PickledObject.class, read(pickle, "package.words.Dictionary"));
        assertEquals("package.words.Dictionary", object.className());
        assertEquals(List.of(), object.arguments());
        assertEquals(List.of("a"), object.attribute("symbols"));
        assertNull(object.attribute("indices"));
        assertRefused(pickle, "names the callable", "package.words.Dictionary");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\u0080\u0002cpackage.words\nOther\n)\u0081.", "\u0080\u0002cpackage.words\nDictionary\nN\u0081.",
        "\u0080\u0002cpackage.words\nDictionary\n)\u0081q\u0001}X\u0001\u0000\u0000\u0000ah\u0001sb.",
        "\u0080\u0002]q\u0000cpackage.words\nDictionary\nh\u0000\u0085\u0081a."})
    void otherClassesAndObjectsThatHoldThemselvesAreRefused(String pickle) {
        CheckpointFiles.assertRefused(folder.resolve("x.pkl"), () -> read(pickle, "package.words.Dictionary"));
    }
}
