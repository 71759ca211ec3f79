package dev.kinema.checkpoint;

import dev.kinema.graph.DType;
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
 * The whole list of what a pickle may name, each with a constructor of our own that only builds a value. Nothing is looked up
 * by the name in the file: a name that is not in this table is refused where it appears, called or not.
 */
final class PickleGlobals {
    private static final Map<String, DType> STORAGES = Map.of("DoubleStorage", DType.F64, "FloatStorage", DType.F32,
            "HalfStorage", DType.F16, "BFloat16Storage", DType.BF16, "LongStorage", DType.I64, "IntStorage", DType.I32,
            "ShortStorage", DType.I16, "CharStorage", DType.I8, "ByteStorage", DType.U8, "BoolStorage", DType.BOOL);

    /** A storage class of PyTorch, by which a persistent id says its element type. */
    record StorageType(DType dtype) {}

    /** A storage that a persistent id stands for; its tensors share it. */
    record Storage(DType dtype, Bytes content) {}

    /** A class whose instances are kept as data, see {@link PickledObject}. */
    private record DataClass(String name) {}

    /** A class that is only ever passed as an argument. */
    private record ClassName(String name) {}

    /** An allowed callable. */
    private interface Constructor {
        Object call(List<?> arguments);
    }

    private final PickleInput in;
    private final Map<String, Object> allowed = new HashMap<>();
    /** Items that constructors may still copy. */
    private long budget;

    /** @param dataClasses names of classes, such as {@code module.Class}, that become {@link PickledObject}s */
    PickleGlobals(PickleInput in, Set<String> dataClasses) {
        this.in = in;
        dataClasses.forEach(name -> allowed.put(name, new DataClass(name)));
        this.budget = in.remaining() + 1024;
        STORAGES.forEach((name, dtype) -> allowed.put("torch." + name, new StorageType(dtype)));
        allow("collections.OrderedDict", this::map);
        allow("torch._utils._rebuild_tensor", this::tensor);
        allow("torch._utils._rebuild_tensor_v2", this::tensor);
        allow("torch._utils._rebuild_parameter", arguments -> argument(arguments, 0));
        allow("_codecs.encode", this::encode);
        for (String core : List.of("numpy.core.", "numpy._core.")) {
            allow(core + "multiarray._reconstruct", arguments -> new NumpyArray(in));
            allow(core + "multiarray.scalar", this::scalar);
            allow(core + "numeric._frombuffer", this::fromBuffer);
        }
        allow("numpy.dtype", arguments -> new NumpyType(in, argument(arguments, 0)));
        allowed.put("numpy.ndarray", new ClassName("numpy.ndarray"));
        for (String builtins : List.of("builtins.", "__builtin__.")) {
            allow(builtins + "set", this::set);
            allow(builtins + "frozenset", this::set);
            allow(builtins + "dict", this::map);
            allow(builtins + "bytes", this::bytes);
            allow(builtins + "bytearray", this::bytes);
        }
    }

    private void allow(String name, Constructor constructor) {
        allowed.put(name, constructor);
    }

    /** What the name stands for. */
    Object resolve(String module, String name) {
        Object global = allowed.get(module + "." + name);
        if (global == null) {
            throw in.file().refused("names the callable " + Quoted.of(module + "." + name) + ", which Kinema refuses to run: "
                    + "weights need no code, do not trust this file, or have its author save the tensors alone (safetensors)");
        }
        return global;
    }

    Object call(Object callable, Object arguments) {
        if (callable instanceof DataClass data && arguments instanceof List<?> list) {
            return new PickledObject(data.name(), list);
        }
        if (!(callable instanceof Constructor constructor) || !(arguments instanceof List<?> list)) {
            throw in.damaged("calls what is no callable");
        }
        return constructor.call(list);
    }

    /** The BUILD opcode: state for an array or type; attributes of an OrderedDict are no entries and are dropped. */
    void setState(Object target, Object state) {
        if (target instanceof NumpyArray array) {
            array.setState(list(state));
        } else if (target instanceof NumpyType type) {
            type.setState(list(state));
        } else if (target instanceof PickledObject object) {
            object.setState(state);
        } else if (!(target instanceof Map<?, ?>)) {
            throw in.damaged("sets the state of what has none");
        }
    }

    /** A key of a dictionary or set: only scalars, whose hash cannot be made expensive. */
    Object key(Object key) {
        boolean scalar = key == null || key instanceof String || key instanceof Long || key instanceof BigInteger
                || key instanceof Double || key instanceof Boolean;
        if (!scalar) {
            throw in.damaged("has a dictionary key that is neither text nor number");
        }
        return key;
    }

    private Map<Object, Object> map(List<?> arguments) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (!arguments.isEmpty()) {
            Object source = argument(arguments, 0);
            Collection<?> pairs = source instanceof Map<?, ?> m ? m.entrySet() : list(source);
            charge(pairs.size());
            for (Object pair : pairs) {
                if (pair instanceof Map.Entry<?, ?> entry) {
                    map.put(entry.getKey(), entry.getValue());
                } else if (list(pair).size() == 2) {
                    map.put(key(list(pair).get(0)), list(pair).get(1));
                } else {
                    throw in.damaged("makes a dictionary of what are no pairs");
                }
            }
        }
        return map;
    }

    private Set<Object> set(List<?> arguments) {
        Set<Object> set = new LinkedHashSet<>();
        if (!arguments.isEmpty()) {
            Object source = argument(arguments, 0);
            Collection<?> items = source instanceof Set<?> s ? s : list(source);
            charge(items.size());
            for (Object item : items) {
                set.add(key(item));
            }
        }
        return set;
    }

    private StoredTensor tensor(List<?> arguments) {
        if (!(argument(arguments, 0) instanceof Storage storage)) {
            throw in.damaged("makes a tensor of what is no storage");
        }
        if (arguments.size() > 6 && arguments.get(6) instanceof Map<?, ?> bits && !bits.isEmpty()) {
            throw in.file().refused("has a tensor that is negated or conjugated on reading: "
                    + "resolve_neg() and resolve_conj() it before saving");
        }
        return new StridedTensor(in.file(), storage.content(), storage.dtype(), integer(argument(arguments, 1)),
                sizes(in, argument(arguments, 2)), sizes(in, argument(arguments, 3)));
    }

    private Bytes encode(List<?> arguments) {
        if (!(argument(arguments, 0) instanceof String text) || !"latin1".equals(argument(arguments, 1))) {
            throw in.damaged("encodes by something other than latin1");
        }
        return new Bytes.Latin1(in.file(), text);
    }

    private Bytes bytes(List<?> arguments) {
        if (arguments.isEmpty()) {
            return new Bytes.InMemory(new byte[0]);
        }
        Object source = argument(arguments, 0);
        if (source instanceof Bytes already && arguments.size() == 1) {
            return already;
        }
        if (source instanceof String text && arguments.size() == 2 && String.valueOf(arguments.get(1)).matches("latin-?1")) {
            return new Bytes.Latin1(in.file(), text);
        }
        throw in.damaged("makes bytes of what is neither bytes nor latin1 text");
    }

    private Object scalar(List<?> arguments) {
        if (!(argument(arguments, 0) instanceof NumpyType type)) {
            throw in.damaged("makes a scalar without a type");
        }
        StoredTensor value = new StridedTensor(in.file(), content(in, argument(arguments, 1)), type.dtype(), 0, List.of(), List.of());
        return switch (type.dtype()) {
            case F64, F32, F16, BF16 -> (Object) value.read().toDoubles()[0];
            case BOOL -> value.read().toLongs()[0] != 0;
            default -> value.read().toLongs()[0];
        };
    }

    private StoredTensor fromBuffer(List<?> arguments) {
        Object order = argument(arguments, 3);
        // NumPy 2 adds "K" with an order of axes
        if (!"C".equals(order) && !"F".equals(order)) {
            throw in.file().refused("has an array with permuted axes: save numpy.ascontiguousarray(a)");
        }
        NumpyArray array = new NumpyArray(in);
        List<Object> state = new ArrayList<>();
        Collections.addAll(state, argument(arguments, 2), argument(arguments, 1), "F".equals(order), argument(arguments, 0));
        array.setState(state);
        return array;
    }

    /** The sizes or strides of a tensor. */
    static List<Long> sizes(PickleInput in, Object value) {
        if (!(value instanceof List<?> items) || items.size() > ArrayLimits.MAX_RANK) {
            throw in.damaged("has sizes that are no short tuple");
        }
        List<Long> sizes = new ArrayList<>();
        for (Object item : items) {
            if (!(item instanceof Long size)) {
                throw in.damaged("has a size that is no integer");
            }
            sizes.add(size);
        }
        return sizes;
    }

    /** The bytes of an array; Python 2 writes them as text in latin1. */
    static Bytes content(PickleInput in, Object value) {
        if (value instanceof Bytes bytes) {
            return bytes;
        }
        if (value instanceof String text) {
            return new Bytes.Latin1(in.file(), text);
        }
        throw in.damaged("has an array whose content is no bytes");
    }

    private Object argument(List<?> arguments, int index) {
        if (index >= arguments.size()) {
            throw in.damaged("calls a constructor with " + arguments.size() + " arguments, too few,");
        }
        return arguments.get(index);
    }

    private List<?> list(Object value) {
        if (!(value instanceof List<?> list)) {
            throw in.damaged("passes something other than a list or tuple");
        }
        return list;
    }

    private long integer(Object value) {
        if (!(value instanceof Long number)) {
            throw in.damaged("passes something other than an integer");
        }
        return number;
    }

    private void charge(long items) {
        budget -= items;
        if (budget < 0) {
            throw in.damaged("copies its parts more often than its size allows,");
        }
    }
}
