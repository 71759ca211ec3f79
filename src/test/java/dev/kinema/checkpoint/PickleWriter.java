package dev.kinema.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Writes pickles of protocol 2, as Python would, for the kinds of values that checkpoints hold. */
public final class PickleWriter {
    /** A name such as collections.OrderedDict. */
    public record Global(String module, String name) {}

    /** {@code callable(*arguments)}, then, if there is one, {@code __setstate__(state)}. */
    public record Call(Object callable, List<?> arguments, Object state) {}

    /** What a persistent id stands for. */
    record Persistent(Object id) {}

    /** A tuple; a plain List is written as a list. */
    record Tuple(List<?> items) {}

    /** Python 2's str, which is bytes. */
    record Python2Text(byte[] bytes) {}

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public static byte[] pickle(Object value) {
        PickleWriter writer = new PickleWriter();
        writer.op(0x80);
        writer.op(2);
        writer.write(value);
        writer.op('.');
        return writer.out.toByteArray();
    }

    static Tuple tuple(Object... items) {
        return new Tuple(Arrays.asList(items));
    }

    private void write(Object value) {
        if (value == null) {
            op('N');
        } else if (value instanceof Boolean b) {
            op(b ? 0x88 : 0x89);
        } else if (value instanceof Integer i) {
            op('J');
            bytes(little(4).putInt(i));
        } else if (value instanceof Long l) {
            op(0x8a);
            op(8);
            bytes(little(8).putLong(l));
        } else if (value instanceof Double d) {
            op('G');
            bytes(ByteBuffer.allocate(8).putDouble(d));
        } else if (value instanceof String s) {
            op('X');
            block(s.getBytes(StandardCharsets.UTF_8));
        } else if (value instanceof Python2Text t) {
            op('T');
            block(t.bytes());
        } else if (value instanceof byte[] b) {
            op('B');
            block(b);
        } else {
            writeCompound(value);
        }
    }

    private void writeCompound(Object value) {
        if (value instanceof Global g) {
            op('c');
            out.writeBytes((g.module() + "\n" + g.name() + "\n").getBytes(StandardCharsets.US_ASCII));
        } else if (value instanceof Call call) {
            write(call.callable());
            write(new Tuple(call.arguments()));
            op('R');
            if (call.state() != null) {
                write(call.state());
                op('b');
            }
        } else if (value instanceof Persistent p) {
            write(p.id());
            op('Q');
        } else if (value instanceof Tuple t) {
            op('(');
            t.items().forEach(this::write);
            op('t');
        } else if (value instanceof List<?> l) {
            op(']');
            op('(');
            l.forEach(this::write);
            op('e');
        } else if (value instanceof Map<?, ?> m) {
            op('}');
            op('(');
            m.forEach((k, v) -> {
                write(k);
                write(v);
            });
            op('u');
        } else {
            throw new IllegalArgumentException("no pickle for " + value.getClass());
        }
    }

    private void op(int code) {
        out.write(code);
    }

    private void block(byte[] content) {
        bytes(little(4).putInt(content.length));
        out.writeBytes(content);
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void bytes(ByteBuffer buffer) {
        out.writeBytes(buffer.array());
    }
}
