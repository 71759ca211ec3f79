package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A pickle machine that executes nothing: protocols 0 to 5 (Python's pickletools lists the opcodes), with the few callables
 * that checkpoints of PyTorch, NumPy and Caffe2 name replaced by constructors of our own ({@link PickleGlobals}). Any other
 * name ends the reading.
 *
 * <p>Result: None is null; numbers are Boolean, Long, BigInteger, Double; texts String; lists and tuples List; dictionaries and
 * sets Map and Set in file order; objects of classes that the caller names {@link PickledObject};
 * arrays {@link StoredTensor}; byte strings {@link Bytes}, those of Python 2 String in latin1.
 * The tree holds no cycles and is no deeper than {@link PickleTree#DEEPEST}, so that it may be walked.
 *
 * <p>Bounds: lengths by the bytes left, integers to 1024 bytes, stack, marks and memo by constants, the number of opcodes, and what
 * constructors copy, by budgets that grow with the file. A file can therefore neither exhaust memory nor stall the reader.
 */
final class PickleReader {
    private static final int FEW_OPCODES = 2_000_000;
    /** Bytes for each further opcode: a list of many numbers has nine, opcode included. */
    private static final int BYTES_PER_OPCODE = 8;
    private static final int LONGEST_INTEGER = 1024;

    /** Turns the id of an object kept outside the pickle into that object. */
    @FunctionalInterface
    interface PersistentIds {
        Object load(Object id);
    }

    private final PickleInput in;
    private final PersistentIds persistentIds;
    private final PickleGlobals globals;
    private final PickleStack stack;
    private final Map<Long, Object> memo = new HashMap<>();

    private PickleReader(PickleInput in, PersistentIds persistentIds, Set<String> dataClasses) {
        this.in = in;
        this.persistentIds = persistentIds;
        this.stack = new PickleStack(in);
        this.globals = new PickleGlobals(in, dataClasses);
    }

    /**
     * Reads one pickle, up to and with its STOP.
     *
     * @throws KinemaException if it is malformed, exceeds a bound, or names a callable that is not one of the few allowed
     */
    static Object read(PickleInput in, PersistentIds persistentIds) {
        return read(in, persistentIds, Set.of());
    }

    /** Reads a pickle that may not refer to anything outside it. */
    static Object read(PickleInput in) {
        return read(in, Set.of());
    }

    /** The same where instances of some classes are kept as data: {@link PickledObject}s. */
    static Object read(PickleInput in, Set<String> dataClasses) {
        return read(in, id -> {
            throw in.damaged("refers to data outside it");
        }, dataClasses);
    }

    private static Object read(PickleInput in, PersistentIds persistentIds, Set<String> dataClasses) {
        Object result = new PickleReader(in, persistentIds, dataClasses).run();
        PickleTree.requireWalkable(in, result);
        return result;
    }

    private Object run() {
        long most = Math.max(FEW_OPCODES, in.remaining() / BYTES_PER_OPCODE);
        for (long count = 0; count < most; count++) {
            int op = in.unsignedByte();
            if (op == '.') {
                return stack.pop();
            }
            if (!number(op) && !text(op) && !container(op) && !fill(op) && !memory(op) && !object(op)) {
                throw in.damaged(String.format("has the unknown opcode 0x%02x", op));
            }
        }
        throw in.damaged("has more than " + most + " opcodes, no file of numbers and texts of its size has,");
    }

    private boolean number(int op) {
        switch (op) {
            case 'N' -> stack.push(null);
            case 0x88 -> stack.push(true);
            case 0x89 -> stack.push(false);
            case 'K' -> stack.push((long) in.unsignedByte());
            case 'M' -> stack.push((long) in.unsignedShort());
            case 'J' -> stack.push((long) in.signedInt());
            case 'G' -> stack.push(in.bigEndianDouble());
            case 0x8a -> stack.push(integer(in.unsignedByte()));
            case 0x8b -> stack.push(integer(in.unsignedInt()));
            case 'I' -> {
                String line = in.shortLine();
                stack.push(line.equals("01") ? Boolean.TRUE : line.equals("00") ? Boolean.FALSE : integer(line));
            }
            case 'L' -> stack.push(integer(in.shortLine().replaceFirst("L$", "")));
            case 'F' -> stack.push(real(in.shortLine()));
            default -> {
                return false;
            }
        }
        return true;
    }

    /** A little-endian two's complement integer. */
    private Object integer(long length) {
        if (length > LONGEST_INTEGER) {
            throw in.damaged("has an integer of " + length + " bytes");
        }
        byte[] bytes = in.bytes(length);
        for (int i = 0, j = bytes.length - 1; i < j; i++, j--) {
            byte b = bytes[i];
            bytes[i] = bytes[j];
            bytes[j] = b;
        }
        return narrowed(bytes.length == 0 ? BigInteger.ZERO : new BigInteger(bytes));
    }

    private Object integer(String line) {
        if (!line.matches("[+-]?[0-9]+")) {
            throw in.damaged("has " + Quoted.of(line) + " for an integer");
        }
        return narrowed(new BigInteger(line));
    }

    private static Object narrowed(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private double real(String line) {
        switch (line) {
            case "inf" -> {
                return Double.POSITIVE_INFINITY;
            }
            case "-inf" -> {
                return Double.NEGATIVE_INFINITY;
            }
            case "nan" -> {
                return Double.NaN;
            }
            default -> {
                if (!line.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")) {
                    throw in.damaged("has " + Quoted.of(line) + " for a number");
                }
                return Double.parseDouble(line);
            }
        }
    }

    private boolean text(int op) {
        switch (op) {
            case 'U' -> stack.push(in.latin1(in.unsignedByte()));
            case 'T' -> stack.push(in.latin1(in.signedInt()));
            case 'S' -> stack.push(wellFormed(PickleText.unquote(in.line())));
            case 0x8c -> stack.push(in.utf8(in.unsignedByte()));
            case 'X' -> stack.push(in.utf8(in.unsignedInt()));
            case 0x8d -> stack.push(in.utf8(in.signedLong()));
            case 'V' -> stack.push(wellFormed(PickleText.rawUnicode(in.line())));
            case 'C' -> stack.push(in.lazyBytes(in.unsignedByte()));
            case 'B' -> stack.push(in.lazyBytes(in.unsignedInt()));
            case 0x8e, 0x96 -> stack.push(in.lazyBytes(in.signedLong()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private String wellFormed(String text) {
        if (text == null) {
            throw in.damaged("has a malformed string escape");
        }
        return text;
    }

    /** Containers made in one go. */
    private boolean container(int op) {
        switch (op) {
            case '(' -> stack.mark();
            case '}' -> stack.push(new LinkedHashMap<>());
            case ']' -> stack.push(new ArrayList<>());
            case 0x8f -> stack.push(new LinkedHashSet<>());
            case ')' -> stack.push(List.of());
            case 't' -> stack.push(tuple(stack.popToMark()));
            case 0x85 -> stack.push(tuple(stack.pop(1)));
            case 0x86 -> stack.push(tuple(stack.pop(2)));
            case 0x87 -> stack.push(tuple(stack.pop(3)));
            case 'l' -> stack.push(stack.popToMark());
            case 'd' -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                putAll(map, stack.popToMark());
                stack.push(map);
            }
            case 0x91 -> {
                Set<Object> set = new LinkedHashSet<>();
                addAll(set, stack.popToMark());
                stack.push(Collections.unmodifiableSet(set));
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Not List.copyOf: tuples may hold None. The wrapper marks what may not be appended to. */
    private static List<Object> tuple(List<Object> items) {
        return Collections.unmodifiableList(items);
    }

    /** Additions to a container below them on the stack. */
    private boolean fill(int op) {
        switch (op) {
            case 'a' -> append(stack.pop(1));
            case 'e' -> append(stack.popToMark());
            case 's' -> put(stack.pop(2));
            case 'u' -> put(stack.popToMark());
            case 0x90 -> {
                List<Object> items = stack.popToMark();
                if (!(stack.top() instanceof LinkedHashSet<?>)) {
                    throw in.damaged("adds to what is no set");
                }
                @SuppressWarnings("unchecked")
                Set<Object> set = (Set<Object>) stack.top();
                addAll(set, items);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void append(List<Object> items) {
        if (!(stack.top() instanceof ArrayList<?>)) {
            throw in.damaged("appends to what is no list");
        }
        @SuppressWarnings("unchecked")
        List<Object> list = (List<Object>) stack.top();
        list.addAll(items);
    }

    private void put(List<Object> pairs) {
        if (!(stack.top() instanceof LinkedHashMap<?, ?>)) {
            throw in.damaged("sets entries of what is no dictionary");
        }
        @SuppressWarnings("unchecked")
        Map<Object, Object> map = (Map<Object, Object>) stack.top();
        putAll(map, pairs);
    }

    private void putAll(Map<Object, Object> map, List<Object> pairs) {
        if (pairs.size() % 2 != 0) {
            throw in.damaged("has a dictionary key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            map.put(globals.key(pairs.get(i)), pairs.get(i + 1));
        }
    }

    private void addAll(Set<Object> set, Collection<Object> items) {
        for (Object item : items) {
            set.add(globals.key(item));
        }
    }

    /** Stack, memo and framing. */
    private boolean memory(int op) {
        switch (op) {
            case '0' -> stack.drop();
            case '1' -> stack.popToMark();
            case '2' -> stack.push(stack.top());
            case 'p' -> memo.put(index(in.shortLine()), stack.top());
            case 'q' -> memo.put((long) in.unsignedByte(), stack.top());
            case 'r' -> memo.put(in.unsignedInt(), stack.top());
            case 0x94 -> memo.put((long) memo.size(), stack.top());
            case 'g' -> stack.push(recall(index(in.shortLine())));
            case 'h' -> stack.push(recall(in.unsignedByte()));
            case 'j' -> stack.push(recall(in.unsignedInt()));
            case 0x80 -> {
                int protocol = in.unsignedByte();
                if (protocol > 5) {
                    throw in.damaged("has protocol " + protocol + ", known are 0 to 5,");
                }
            }
            case 0x95 -> in.requireLeft(in.signedLong());
            default -> {
                return false;
            }
        }
        return true;
    }

    private long index(String line) {
        if (!line.matches("[0-9]{1,10}")) {
            throw in.damaged("has " + Quoted.of(line) + " for a memo index");
        }
        return Long.parseLong(line);
    }

    private Object recall(long index) {
        Object value = memo.get(index);
        if (value == null && !memo.containsKey(index)) {
            throw in.damaged("recalls the memo " + index + ", which was never set,");
        }
        return value;
    }

    /** Names, calls of names, state, and what lies outside. */
    private boolean object(int op) {
        switch (op) {
            case 'c' -> stack.push(globals.resolve(in.shortLine(), in.shortLine()));
            case 0x93 -> stack.push(named(stack.pop(2)));
            case 'R', 0x81 -> {
                List<Object> call = stack.pop(2);
                stack.push(globals.call(call.get(0), call.get(1)));
            }
            case 0x92 -> stack.push(callWithNames(stack.pop(3)));
            case 'i' -> {
                Object callable = globals.resolve(in.shortLine(), in.shortLine());
                stack.push(globals.call(callable, stack.popToMark()));
            }
            case 'o' -> {
                List<Object> call = stack.popToMark();
                if (call.isEmpty()) {
                    throw in.damaged("calls nothing");
                }
                stack.push(globals.call(call.get(0), call.subList(1, call.size())));
            }
            case 'b' -> {
                Object state = stack.pop();
                globals.setState(stack.top(), state);
            }
            case 'P' -> stack.push(persistentIds.load(in.shortLine()));
            case 'Q' -> stack.push(persistentIds.load(stack.pop()));
            case 0x82, 0x83, 0x84 -> throw in.damaged("uses a registered extension code, which could be any callable,");
            case 0x97, 0x98 -> throw in.damaged("keeps buffers outside the file");
            default -> {
                return false;
            }
        }
        return true;
    }

    private Object named(List<Object> names) {
        if (!(names.get(0) instanceof String module) || !(names.get(1) instanceof String name)) {
            throw in.damaged("names a callable by what is no text");
        }
        return globals.resolve(module, name);
    }

    private Object callWithNames(List<Object> call) {
        if (!(call.get(2) instanceof Map<?, ?> named) || !named.isEmpty()) {
            throw in.damaged("passes named arguments");
        }
        return globals.call(call.get(0), call.get(1));
    }
}
