package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.PickleGlobals.Storage;
import dev.kinema.checkpoint.PickleGlobals.StorageType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What torch.save wrote, zip format or the older one, as a tree of Java values; nothing in the file is executed. Dictionaries are
 * Map (in file order), lists and tuples List, sets Set, texts String, numbers Boolean, Long, BigInteger or Double, None null, and
 * tensors {@link StoredTensor}, whose numbers are read when asked for, while this is open.
 */
public final class TorchFile implements AutoCloseable {
    private final BoundedFile file;
    private final boolean zip;
    private final Object root;

    private TorchFile(BoundedFile file) {
        this.file = file;
        byte[] head = file.head(32);
        this.zip = ZipArchive.matches(head);
        if (zip) {
            this.root = new Zipped(file).root();
        } else if (LegacyStorages.matches(head)) {
            this.root = LegacyStorages.read(file);
        } else {
            throw file.refused("was not written by torch.save: name a .pth, .pt or .pyth file");
        }
    }

    /** Whether these first bytes are those of a torch.save file of either format. */
    static boolean matches(byte[] head) {
        return ZipArchive.matches(head) || LegacyStorages.matches(head);
    }

    /**
     * Opens a file and reads its tree, without the numbers of its tensors.
     *
     * @throws KinemaException if it is missing, damaged, big endian, or names a callable that Kinema does not know to be harmless
     */
    public static TorchFile open(Path path) {
        return open(BoundedFile.open(path));
    }

    /** As {@link #open(Path)}; the file is closed with this, or at once if it is refused. */
    static TorchFile open(BoundedFile file) {
        boolean opened = false;
        try {
            TorchFile result = new TorchFile(file);
            opened = true;
            return result;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    /** The object that was saved. */
    public Object root() {
        return root;
    }

    /** True for the zip format, false for the one from before PyTorch 1.6. */
    public boolean isZip() {
        return zip;
    }

    @Override
    public void close() {
        file.close();
    }

    /** The zip format: NAME/data.pkl, NAME/data/KEY for each storage, and since PyTorch 2.1 NAME/byteorder. */
    private static final class Zipped {
        private final BoundedFile file;
        private final ZipArchive archive;
        private final Map<String, Storage> storages = new HashMap<>();

        Zipped(BoundedFile file) {
            this.file = file;
            this.archive = ZipArchive.read(file);
        }

        Object root() {
            List<String> pickles = archive.names().stream().filter(n -> n.matches("[^/]+/data\\.pkl")).toList();
            if (pickles.size() != 1) {
                throw file.refused("is a zip archive without a data.pkl, so torch.save did not write it: name a checkpoint");
            }
            String folder = pickles.get(0).substring(0, pickles.get(0).lastIndexOf('/') + 1);
            if (archive.names().contains(folder + "constants.pkl")) {
                throw file.refused("is a TorchScript program: save its state_dict() with torch.save");
            }
            if (archive.names().contains(folder + "byteorder")) {
                requireLittleEndian(archive.entry(folder + "byteorder"));
            }
            PickleInput in = new PickleInput(archive.entry(pickles.get(0)).verified());
            return PickleReader.read(in, id -> storage(in, folder, id));
        }

        private void requireLittleEndian(ChecksummedRegion entry) {
            byte[] order = new byte[(int) Math.min(16, entry.length())];
            entry.copyTo(0, ByteBuffer.wrap(order));
            String text = new String(order, StandardCharsets.ISO_8859_1);
            if (!text.equals("little")) {
                throw file.refused("has the byte order " + Quoted.of(text)
                        + ": load it where it was saved and save its tensors as safetensors");
            }
        }

        /** The tuple ('storage', class, key, device, elements). */
        private Storage storage(PickleInput in, String folder, Object id) {
            if (!(id instanceof List<?> parts) || parts.size() < 5 || !"storage".equals(parts.get(0))
                    || !(parts.get(1) instanceof StorageType type) || !(parts.get(2) instanceof String key)
                    || !(parts.get(4) instanceof Long elements)) {
                throw in.damaged("refers to what is no storage");
            }
            Storage storage = storages.get(key);
            if (storage == null) {
                storage = new Storage(type.dtype(), archive.entry(folder + "data/" + key));
                storages.put(key, storage);
            }
            int width = type.dtype().bytes();
            if (storage.dtype() != type.dtype() || elements < 0 || elements > file.size() / width
                    || storage.content().length() != elements * width) {
                throw in.damaged("claims that the storage " + Quoted.of(key) + " has " + elements + " elements of "
                        + type.dtype() + ", but it has " + storage.content().length() + " bytes");
            }
            return storage;
        }
    }
}
