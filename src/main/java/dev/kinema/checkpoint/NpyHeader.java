package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The head of a .npy file (NumPy Enhancement Proposal 1): magic, version, length, and a Python dictionary of the three keys
 * descr, fortran_order and shape, which is parsed here for exactly that grammar.
 */
final class NpyHeader {
    private static final int LONGEST = 65_535;
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

    final DType dtype;
    final Shape shape;
    final FileRegion data;

    private NpyHeader(DType dtype, Shape shape, FileRegion data) {
        this.dtype = dtype;
        this.shape = shape;
        this.data = data;
    }

    /** Whether these first bytes are those of a .npy file. */
    static boolean matches(byte[] head) {
        return head.length >= MAGIC.length && Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    static NpyHeader read(BoundedFile file) {
        byte[] head = file.head(12);
        if (!matches(head) || head.length < 10) {
            throw file.refused("is not a .npy file (it does not start with \\x93NUMPY): save it with numpy.save");
        }
        int version = head[6];
        if (version < 1 || version > 3 || head[7] != 0) {
            throw file.refused("has the .npy version " + version + "." + head[7] + ", known are 1.0, 2.0 and 3.0: "
                    + "save it again with numpy.save");
        }
        int start = version == 1 ? 10 : 12;
        if (head.length < start) {
            throw file.damaged("ends within its .npy header");
        }
        ByteBuffer lengths = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        long length = version == 1 ? lengths.getShort(8) & 0xffff : lengths.getInt(8) & 0xffff_ffffL;
        if (length > file.size() - start || length > LONGEST) {
            throw file.damaged("claims a .npy header of " + length + " bytes");
        }
        byte[] text = new byte[(int) length];
        file.read(start, ByteBuffer.wrap(text));
        long offset = start + length;
        return new Parser(file, new String(text, version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1))
                .header(new FileRegion(file, offset, file.size() - offset));
    }

    /** Name of a type in NumPy's descr, little endian; null where NumPy has none. */
    static String descr(DType dtype) {
        return switch (dtype) {
            case F64 -> "<f8";
            case F32 -> "<f4";
            case F16 -> "<f2";
            case I64 -> "<i8";
            case I32 -> "<i4";
            case I16 -> "<i2";
            case I8 -> "|i1";
            case U8 -> "|u1";
            case BOOL -> "|b1";
            case BF16 -> null;
        };
    }

    /** Type of a NumPy code without its byte order, such as "f4"; null where there is none. */
    static DType dtype(String code) {
        for (DType dtype : DType.values()) {
            String descr = descr(dtype);
            if (descr != null && descr.substring(1).equals(code)) {
                return dtype;
            }
        }
        return null;
    }

    /** Reads {@code {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }} with the keys in any order. */
    private static final class Parser {
        private final BoundedFile file;
        private final String text;
        private int at;

        Parser(BoundedFile file, String text) {
            this.file = file;
            this.text = text;
        }

        NpyHeader header(FileRegion data) {
            String descr = null;
            Boolean fortran = null;
            List<Long> sizes = null;
            expect("{");
            while (!accept("}")) {
                String key = string();
                expect(":");
                if (key.equals("descr") && descr == null) {
                    descr = descr();
                } else if (key.equals("fortran_order") && fortran == null) {
                    fortran = truth();
                } else if (key.equals("shape") && sizes == null) {
                    sizes = tuple();
                } else {
                    throw malformed("an unknown or repeated key " + Quoted.of(key));
                }
                if (!accept(",")) {
                    expect("}");
                    break;
                }
            }
            if (!text.substring(at).isBlank() || descr == null || fortran == null || sizes == null) {
                throw malformed("not exactly descr, fortran_order and shape");
            }
            return header(descr, fortran, sizes, data);
        }

        private NpyHeader header(String descr, boolean fortran, List<Long> sizes, FileRegion data) {
            DType dtype = dtype(descr.substring(1));
            if (dtype == null || "<|=".indexOf(descr.charAt(0)) < 0 || (descr.charAt(0) == '|' && dtype.bytes() > 1)) {
                throw file.refused("holds the type " + Quoted.of(descr)
                        + ", read are f8 f4 f2 i8 i4 i2 i1 u1 b1 in little endian: convert it, as by numpy.save(path, a.astype('<f4'))");
            }
            if (fortran) {
                throw file.refused("is in Fortran order: save it with numpy.save(path, numpy.ascontiguousarray(a))");
            }
            Shape shape = ArrayLimits.shape(file, "the array", sizes);
            long bytes = ArrayLimits.bytes(dtype, shape);
            if (bytes != data.length()) {
                throw file.damaged("holds " + data.length() + " bytes of data, but " + dtype + " " + shape + " takes " + bytes);
            }
            return new NpyHeader(dtype, shape, data);
        }

        private String descr() {
            skipSpace();
            if (text.startsWith("[", at)) {
                throw file.refused("holds records with fields: save each field as an array of its own");
            }
            String descr = string();
            if (descr.length() < 2) {
                throw malformed("the type " + Quoted.of(descr));
            }
            return descr;
        }

        private boolean truth() {
            if (accept("True")) {
                return true;
            }
            expect("False");
            return false;
        }

        private List<Long> tuple() {
            List<Long> sizes = new ArrayList<>();
            expect("(");
            while (!accept(")")) {
                skipSpace();
                int start = at;
                while (at < text.length() && Character.digit(text.charAt(at), 10) >= 0 && at - start < 18) {
                    at++;
                }
                if (at == start) {
                    throw malformed("a size that is no number");
                }
                sizes.add(Long.parseLong(text.substring(start, at)));
                if (!accept(",")) {
                    expect(")");
                    break;
                }
            }
            return sizes;
        }

        private String string() {
            skipSpace();
            char quote = at < text.length() ? text.charAt(at) : 0;
            int end = quote == '\'' || quote == '"' ? text.indexOf(quote, at + 1) : -1;
            if (end < 0) {
                throw malformed("no string where one belongs");
            }
            String value = text.substring(at + 1, end);
            at = end + 1;
            return value;
        }

        private boolean accept(String token) {
            skipSpace();
            boolean there = text.startsWith(token, at);
            at += there ? token.length() : 0;
            return there;
        }

        private void expect(String token) {
            if (!accept(token)) {
                throw malformed("no " + token + " where one belongs");
            }
        }

        private void skipSpace() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
        }

        private KinemaException malformed(String what) {
            return file.damaged("its .npy header has " + what + " at character " + at);
        }
    }
}
