package dev.kinema.checkpoint;

import dev.kinema.checkpoint.PickleGlobals.Storage;
import dev.kinema.checkpoint.PickleGlobals.StorageType;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The torch.save format from before version 1.6: five pickles in a row (magic number, protocol 1001, facts of the machine, the
 * object, the keys of its storages), then for each key a 64-bit count of elements and the elements
 * (torch/serialization.py, _legacy_load).
 */
final class LegacyStorages {
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final byte[] MAGIC_BYTES =
            {(byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46, (byte) 0xf9, 0x20, 0x6a, (byte) 0xa8, 0x50, 0x19, '.'};

    /** A storage whose place is known only once the object was read. */
    private static final class Placed implements Bytes {
        private final long length;
        private FileRegion region;

        Placed(long length) {
            this.length = length;
        }

        @Override
        public long length() {
            return length;
        }

        @Override
        public void copyTo(long offset, ByteBuffer destination) {
            region.copyTo(offset, destination);
        }
    }

    /** A window into a storage: old files keep storages that share memory so. */
    private record View(Bytes whole, long start, long length) implements Bytes {
        @Override
        public void copyTo(long offset, ByteBuffer destination) {
            whole.copyTo(start + offset, destination);
        }
    }

    private final BoundedFile file;
    private final PickleInput in;
    private final Map<String, Storage> storages = new LinkedHashMap<>();

    private LegacyStorages(BoundedFile file) {
        this.file = file;
        this.in = new PickleInput(file.whole());
    }

    /** Whether the file starts with the magic number, in protocol 2 or, with its frame, protocol 4. */
    static boolean matches(byte[] head) {
        for (int at : new int[] {2, 11}) {
            if (head.length >= at + MAGIC_BYTES.length && (head[0] & 0xff) == 0x80
                    && Arrays.equals(head, at, at + MAGIC_BYTES.length, MAGIC_BYTES, 0, MAGIC_BYTES.length)) {
                return true;
            }
        }
        return false;
    }

    /** The object that was saved; its tensors read from {@code file}, which stays open. */
    static Object read(BoundedFile file) {
        return new LegacyStorages(file).read();
    }

    private Object read() {
        if (!MAGIC.equals(PickleReader.read(in))) {
            throw file.damaged("does not start with the magic number of torch.save");
        }
        Object protocol = PickleReader.read(in);
        if (!Long.valueOf(1001).equals(protocol)) {
            throw file.damaged("has another torch.save protocol than 1001");
        }
        if (!(PickleReader.read(in) instanceof Map<?, ?> machine)) {
            throw file.damaged("lacks the facts of the machine that saved it");
        }
        if (!Boolean.TRUE.equals(machine.get("little_endian"))) {
            throw file.refused("was saved on a big-endian machine: load it there and save its tensors as safetensors");
        }
        Object root = PickleReader.read(in, this::storage);
        if (!(PickleReader.read(in) instanceof List<?> keys)) {
            throw file.damaged("lacks the list of its storages");
        }
        place(keys);
        return root;
    }

    private void place(List<?> keys) {
        long at = in.position();
        for (Object key : keys) {
            Storage storage = key instanceof String ? storages.get(key) : null;
            if (storage == null || !(storage.content() instanceof Placed placed) || placed.region != null) {
                throw file.damaged("lists a storage that its object does not use, or uses twice");
            }
            ByteBuffer count = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            file.read(at, count);
            if (count.getLong(0) != placed.length / storage.dtype().bytes()) {
                throw file.damaged("a storage has " + count.getLong(0) + " elements instead of "
                        + placed.length / storage.dtype().bytes());
            }
            placed.region = new FileRegion(file, at + 8, placed.length);
            at += 8 + placed.length;
        }
        if (keys.size() != storages.size() || at != file.size()) {
            throw file.damaged("holds " + keys.size() + " of " + storages.size() + " storages and "
                    + (file.size() - at) + " bytes after them");
        }
    }

    /** The tuple ('storage', class, key, device, elements, view), where view is None or (key, offset, elements). */
    private Object storage(Object id) {
        if (!(id instanceof List<?> parts) || parts.size() < 5 || !"storage".equals(parts.get(0))
                || !(parts.get(1) instanceof StorageType type) || !(parts.get(2) instanceof String key)
                || !(parts.get(4) instanceof Long elements)) {
            throw in.damaged("refers to what is no storage");
        }
        int width = type.dtype().bytes();
        if (elements < 0 || elements > file.size() / width) {
            throw in.damaged("claims a storage of " + elements + " elements");
        }
        Storage storage = storages.computeIfAbsent(key, k -> new Storage(type.dtype(), new Placed(elements * width)));
        if (storage.dtype() != type.dtype() || storage.content().length() != elements * width) {
            throw in.damaged("gives a storage two types or lengths");
        }
        return parts.size() > 5 && parts.get(5) != null ? view(storage, parts.get(5)) : storage;
    }

    private Storage view(Storage storage, Object view) {
        List<Long> numbers = view instanceof List<?> parts && parts.size() == 3
                ? PickleGlobals.sizes(in, parts.subList(1, 3)) : List.of(-1L, -1L);
        int width = storage.dtype().bytes();
        long stored = storage.content().length() / width;
        long start = numbers.get(0);
        long count = numbers.get(1);
        if (start < 0 || count < 0 || start > stored || count > stored - start) {
            throw in.damaged("has a view that reaches outside its storage");
        }
        return new Storage(storage.dtype(), new View(storage.content(), start * width, count * width));
    }
}
